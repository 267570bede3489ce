package io.quoin.volume.remote;

import io.quoin.codec.nbd.ExportName;
import io.quoin.volume.member.BlockFile;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// An export of an NBD server, by its URI (NetworkBlockDevice/nbd, doc/uri.md): `nbd://HOST[:PORT][/EXPORT]` or
/// `nbd+unix:///[EXPORT]?socket=PATH`.
///
/// A server beyond this host is reached in plain text, which `?plaintext=yes` must ask for: whoever is on the way can read and change
/// what is sent. Connections with TLS, `nbds://`, are refused until there are some.
///
/// @param socket path of the server's Unix socket, or null
/// @param host its name or address, null with a socket
/// @param port its TCP port, 0 with a socket
/// @param export name of the export
/// @param isPlaintext whether plain text beyond this host is accepted
public record NbdExport(Path socket, String host, int port, ExportName export, boolean isPlaintext)
        implements MemberAddress {
    /// The port that IANA keeps for NBD.
    public static final int DEFAULT_PORT = 10_809;

    private static final String TCP = "nbd";
    private static final String UNIX = "nbd+unix";
    private static final String EXPECTED =
            "expected nbd://HOST[:PORT][/EXPORT] or nbd+unix:///[EXPORT]?socket=PATH, was ";

    /// {@return whether a text is meant to be a URI rather than a path}
    ///
    /// @param text as operators write it
    static boolean isUri(String text) {
        return text.regionMatches(true, 0, "nbd", 0, 3) && text.contains("://")
                || text.matches("[a-zA-Z][a-zA-Z0-9+.-]*://.*");
    }

    /// {@return what a URI says}
    ///
    /// @param text the URI
    /// @throws IllegalArgumentException naming what was expected and found
    static NbdExport parse(String text) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(EXPECTED + text + ": " + e.getReason(), e);
        }
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (scheme.equals("nbds") || scheme.equals("nbds+unix")) {
            throw new IllegalArgumentException(
                    EXPECTED + text + ": members behind TLS are not there yet");
        }
        if (!scheme.equals(TCP) && !scheme.equals(UNIX)
                || uri.getRawFragment() != null
                || uri.getRawUserInfo() != null) {
            throw new IllegalArgumentException(EXPECTED + text);
        }
        Map<String, String> query = query(uri);
        String path = uri.getRawPath() == null ? "" : uri.getRawPath();
        ExportName export = new ExportName(decode(path.startsWith("/") ? path.substring(1) : path));
        if (scheme.equals(TCP)) {
            if (uri.getHost() == null || query.containsKey("socket")) {
                throw new IllegalArgumentException(EXPECTED + text);
            }
            String host = uri.getHost().replaceAll("^\\[|\\]$", "").toLowerCase(Locale.ROOT);
            int port = uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort();
            if (port == 0 || port > 65_535) {
                throw new IllegalArgumentException(
                        text + ": port: expected 1 to 65535, was " + port);
            }
            return new NbdExport(null, host, port, export, isPlaintext(query, text));
        }
        String socket = query.getOrDefault("socket", "");
        if (socket.isEmpty() || uri.getRawAuthority() != null) {
            throw new IllegalArgumentException(EXPECTED + text);
        }
        try {
            return new NbdExport(Path.of(socket), null, 0, export, false);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(EXPECTED + text + ": " + e.getReason(), e);
        }
    }

    private static boolean isPlaintext(Map<String, String> query, String text) {
        String value = query.getOrDefault("plaintext", "no");
        if (!value.equals("yes") && !value.equals("no")) {
            throw new IllegalArgumentException(
                    text + ": plaintext: expected yes or no, was " + value);
        }
        return value.equals("yes");
    }

    private static Map<String, String> query(URI uri) {
        Map<String, String> result = new LinkedHashMap<>();
        if (uri.getRawQuery() != null) {
            for (String each : uri.getRawQuery().split("&")) {
                int equals = each.indexOf('=');
                String key = equals < 0 ? each : each.substring(0, equals);
                result.put(decode(key), equals < 0 ? "" : decode(each.substring(equals + 1)));
            }
        }
        return result;
    }

    private static String decode(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("+", "%20")
                .replace("%2F", "/");
    }

    @Override
    public BlockFile open(boolean writable) throws IOException {
        return RemoteFile.open(this, writable);
    }

    @Override
    public Optional<Path> path() {
        return Optional.empty();
    }

    @Override
    public MemberAddress absolute() {
        return socket == null
                ? this
                : new NbdExport(socket.toAbsolutePath().normalize(), null, 0, export, false);
    }

    /// However its bytes are sent there.
    @Override
    public Object place() {
        return new NbdExport(socket, host, port, export, false);
    }

    @Override
    public boolean isSamePlace(MemberAddress other) {
        return place().equals(other.place());
    }

    @Override
    public String toString() {
        if (socket != null) {
            return UNIX + ":///" + encode(export.text()) + "?socket=" + encode(socket.toString());
        }
        return TCP
                + "://"
                + (host.contains(":") ? "[" + host + "]" : host)
                + (port == DEFAULT_PORT ? "" : ":" + port)
                + "/"
                + encode(export.text())
                + (isPlaintext ? "?plaintext=yes" : "");
    }
}
