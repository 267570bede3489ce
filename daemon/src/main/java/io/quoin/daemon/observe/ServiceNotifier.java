package io.quoin.daemon.observe;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/// Tells systemd how the daemon is: ready, stopping, alive, and a line of status. Where no service
/// manager asked, every call does nothing.
///
/// A message that cannot be delivered is logged and forgotten: the daemon's work does not depend on
/// being watched. Any thread. Source: sd_notify(3).
public final class ServiceNotifier implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.quoin.service");

    private final String address;
    private final Optional<Duration> watchdogPeriod;

    // Guarded by this; null where nobody asked.
    private DatagramSocket socket;

    /// A notifier for what the environment says: `NOTIFY_SOCKET`, and `WATCHDOG_USEC` unless
    /// `WATCHDOG_PID` names another process.
    ///
    /// @param environment as of System.getenv
    public ServiceNotifier(Map<String, String> environment) {
        address = environment.get("NOTIFY_SOCKET");
        watchdogPeriod = watchdogPeriod(environment);
        if (address == null || address.isEmpty()) {
            return;
        }
        if (!DatagramSocket.isAddress(address)) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "NOTIFY_SOCKET: expected a path or @name, was "
                            + address
                            + ": systemd is not told anything");
            return;
        }
        try {
            socket = new DatagramSocket();
        } catch (DatagramSocket.Failed e) {
            LOG.log(System.Logger.Level.WARNING, "systemd is not told anything: " + e.getMessage());
        }
    }

    private static Optional<Duration> watchdogPeriod(Map<String, String> environment) {
        String pid = environment.get("WATCHDOG_PID");
        if (pid != null && !pid.equals(Long.toString(ProcessHandle.current().pid()))) {
            return Optional.empty();
        }
        String micros = environment.get("WATCHDOG_USEC");
        if (micros == null) {
            return Optional.empty();
        }
        try {
            long value = Long.parseLong(micros);
            return value > 0 ? Optional.of(Duration.ofNanos(value * 1000)) : Optional.empty();
        } catch (NumberFormatException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "WATCHDOG_USEC: expected a number, was " + micros + ": no watchdog");
            return Optional.empty();
        }
    }

    /// {@return how often {@link #alive} is expected at least; call it twice as often}
    public Optional<Duration> watchdogPeriod() {
        return watchdogPeriod;
    }

    /// Start-up is complete.
    public void ready() {
        send("READY=1");
    }

    /// Shut-down has begun.
    public void stopping() {
        send("STOPPING=1");
    }

    /// A line for `systemctl status`.
    ///
    /// @param text one line
    public void status(String text) {
        send("STATUS=" + text.replace('\n', ' '));
    }

    /// The daemon is alive: `WATCHDOG=1`.
    public void alive() {
        send("WATCHDOG=1");
    }

    private synchronized void send(String message) {
        if (socket == null) {
            return;
        }
        try {
            socket.send(address, message);
        } catch (DatagramSocket.Failed e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "systemd was not told " + message + ": " + e.getMessage());
        }
    }

    @Override
    public synchronized void close() {
        if (socket != null) {
            socket.close();
            socket = null;
        }
    }
}
