package io.quoin.daemon.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/// Where clients are accepted over TCP.
///
/// @param host name or address, IPv6 without brackets
/// @param port 0 to 65535; 0 means any that is free
public record TcpAddress(String host, int port) {
    /// The port of NBD.
    public static final int NBD_PORT = 10_809;

    /// The port of metrics.
    public static final int METRICS_PORT = 9_469;

    /// Checks the address.
    ///
    /// @throws IllegalArgumentException when it is none
    public TcpAddress {
        if (host.isEmpty() || port < 0 || port > 65_535) {
            throw new IllegalArgumentException(
                    "TCP address: expected HOST:PORT with a port from 0 to 65535, was "
                            + host
                            + ":"
                            + port);
        }
    }

    /// {@return the address that a text means}
    ///
    /// @param text `127.0.0.1:10809`, `[::1]:10809`, or a host alone, which means port 10809
    /// @throws IllegalArgumentException when it is none
    public static TcpAddress parse(String text) {
        return parse(text, NBD_PORT);
    }

    /// {@return the address that a text means}
    ///
    /// @param text `127.0.0.1:10809`, `[::1]:10809`, or a host alone
    /// @param usualPort port of a host alone
    /// @throws IllegalArgumentException when it is none
    public static TcpAddress parse(String text, int usualPort) {
        String host = text;
        String port = "";
        int colon = text.lastIndexOf(':');
        if (text.startsWith("[")) {
            int end = text.indexOf(']');
            if (end > 0) {
                host = text.substring(1, end);
                String rest = text.substring(end + 1);
                port = rest.startsWith(":") ? rest.substring(1) : rest;
            }
        } else if (colon >= 0 && text.indexOf(':') == colon) {
            host = text.substring(0, colon);
            port = text.substring(colon + 1);
        }
        if (host.isBlank()
                || host.startsWith("[")
                || !port.isEmpty() && !port.matches("\\d{1,5}")) {
            throw new IllegalArgumentException(
                    String.format(
                            "expected HOST:PORT such as 127.0.0.1:%d or [::1]:%d, was \"%s\"",
                            usualPort, usualPort, text));
        }
        return new TcpAddress(host, port.isEmpty() ? usualPort : Integer.parseInt(port));
    }

    /// {@return the address to bind}
    ///
    /// @throws UnknownHostException when the host has no address
    public InetSocketAddress resolve() throws UnknownHostException {
        return new InetSocketAddress(InetAddress.getByName(host), port);
    }

    /// {@return `127.0.0.1:10809` or `[::1]:10809`}
    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
