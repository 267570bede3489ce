package io.quoin.daemon;

import io.quoin.daemon.config.ClientLimits;
import io.quoin.daemon.config.ConfigException;
import io.quoin.daemon.config.Settings;
import io.quoin.daemon.config.StateDirectory;
import io.quoin.daemon.config.TcpAddress;
import io.quoin.daemon.control.Commands;
import io.quoin.daemon.control.ControlServer;
import io.quoin.daemon.host.DrillSchedule;
import io.quoin.daemon.host.ScrubSchedule;
import io.quoin.daemon.host.VolumeHost;
import io.quoin.daemon.metrics.Metrics;
import io.quoin.daemon.metrics.MetricsServer;
import io.quoin.daemon.nbd.NbdServer;
import io.quoin.daemon.nbd.NbdSettings;
import io.quoin.daemon.observe.EventLog;
import io.quoin.daemon.observe.ServiceNotifier;
import io.quoin.volume.assembly.VolumeException;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/// Wires the daemon's parts together, starts them and stops them.
///
/// ```
/// start  state directory locked -> control socket -> volumes opened -> clients accepted -> READY
/// stop   clients drained (1 s) -> volumes stopped (30 s) -> control socket -> state directory
/// ```
///
/// Clients come last: one that reconnects waits for its export instead of being told that there is
/// none.
final class Daemon implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.quoin.daemon");

    /// For requests in flight, which take milliseconds. Who does not read its replies, or sends half a
    /// write, would use up any time, and a stop is to take no more than five seconds.
    private static final Duration DRAIN_TIMEOUT = Duration.ofSeconds(1);

    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(30);

    private final Settings settings;
    private final ServiceNotifier notifier;
    private final EventLog events = new EventLog();
    private final StateDirectory state;
    private final NbdServer server;
    private final VolumeHost host;
    private final ScrubSchedule scrubs;
    private final DrillSchedule drills;
    private final DrillSchedule spareDrills;
    private Metrics metrics;
    private MetricsServer metricsServer;
    private ControlServer control;
    private Thread watchdog;
    private volatile boolean isWatchOver;
    private boolean isStopped;

    /// Takes possession of the state directory.
    ///
    /// @param settings all that the daemon is told
    /// @param notifier tells the service manager
    /// @throws ConfigException when another daemon has it
    Daemon(Settings settings, ServiceNotifier notifier) throws ConfigException {
        this.settings = settings;
        this.notifier = notifier;
        state = StateDirectory.open(settings.stateDirectory());
        server = new NbdServer(clients(settings.clients()));
        host = new VolumeHost(server, state, settings.engine(), events);
        scrubs = host.scrubSchedule(settings.scrubs(), Clock.systemDefaultZone());
        drills = host.volumeDrillSchedule(settings.drills(), Clock.systemDefaultZone());
        spareDrills = host.drillSchedule(settings.spareDrills(), Clock.systemDefaultZone());
    }

    private static NbdSettings clients(ClientLimits limits) {
        NbdSettings usual = NbdSettings.DEFAULT;
        return new NbdSettings(
                (int) limits.maxConnections().orElse(usual.maxConnections()),
                Duration.ofMillis(
                        limits.handshakeDeadlineMillis()
                                .orElse(usual.handshakeDeadline().toMillis())),
                (int) limits.maxRequests().orElse(usual.maxRequests()),
                usual.maxPayloadShare(),
                usual.bufferWait(),
                Duration.ofMillis(limits.stallLimitMillis().orElse(usual.stallLimit().toMillis())));
    }

    /// Starts everything; returns when clients are served.
    ///
    /// @param version Quoin's
    /// @throws ConfigException when what is remembered cannot be read
    /// @throws IOException naming the socket that cannot be had
    /// @throws VolumeException when the volume of the command line cannot be served
    void start(String version) throws ConfigException, IOException, VolumeException {
        Files.createDirectories(settings.controlSocket().getParent());
        if (settings.nbdSocket().isPresent()) {
            Files.createDirectories(settings.nbdSocket().get().getParent());
        }
        metrics = new Metrics(host, server, version);
        if (settings.metrics().isPresent()) {
            metricsServer = MetricsServer.open(settings.metrics().get().resolve(), metrics);
        }
        control =
                ControlServer.open(
                        settings.controlSocket(),
                        new Commands(host, server, events, metrics, settings, version));
        notifier.status("opening volumes");
        host.openAll(settings.volumes(), settings.given());
        host.spares().start();
        host.startReturns();
        scrubs.start();
        drills.start();
        spareDrills.start();
        if (settings.nbdSocket().isPresent()) {
            server.listen(UnixDomainSocketAddress.of(settings.nbdSocket().get()));
        }
        for (TcpAddress address : settings.tcp()) {
            server.listen(address.resolve());
        }
        notifier.ready();
        notifier.status(
                "serving "
                        + host.volumes().size()
                        + " volumes"
                        + (host.unserved().isEmpty()
                                ? ""
                                : ", not serving " + String.join(", ", host.unserved().keySet())));
        notifier.watchdogPeriod().ifPresent(this::watch);
        LOG.log(
                System.Logger.Level.INFO,
                "quoind "
                        + version
                        + " ready: "
                        + host.volumes().size()
                        + " volumes, control socket "
                        + settings.controlSocket());
    }

    private void watch(Duration period) {
        long nanos = period.toNanos() / 2;
        watchdog =
                Thread.ofPlatform()
                        .daemon(true)
                        .name("watchdog")
                        .start(() -> {
                            while (!isWatchOver) {
                                notifier.alive();
                                LockSupport.parkNanos(nanos);
                            }
                        });
    }

    /// {@return where clients are accepted}
    List<SocketAddress> addresses() {
        return new ArrayList<>(server.listenAddresses());
    }

    /// {@return where metrics are served, or nothing}
    Optional<SocketAddress> metricsAddress() {
        return Optional.ofNullable(metricsServer).map(MetricsServer::address);
    }

    /// {@return the volumes}
    VolumeHost host() {
        return host;
    }

    /// Stops in order, within a minute. Stopping twice does nothing.
    @Override
    public synchronized void close() {
        if (isStopped) {
            return;
        }
        isStopped = true;
        notifier.stopping();
        boolean isDrained = server.drain(DRAIN_TIMEOUT);
        drills.close();
        spareDrills.close();
        host.endReturns();
        host.spares().close();
        scrubs.close();
        boolean isClean = host.stopAll(STOP_TIMEOUT);
        if (control != null) {
            control.close();
        }
        if (metricsServer != null) {
            metricsServer.close();
        }
        if (metrics != null) {
            metrics.close();
        }
        server.close();
        isWatchOver = true;
        LockSupport.unpark(watchdog);
        events.close();
        state.close();
        notifier.close();
        LOG.log(
                isDrained && isClean ? System.Logger.Level.INFO : System.Logger.Level.WARNING,
                "quoind stopped"
                        + (isDrained ? "" : "; clients had requests without a reply")
                        + (isClean ? "" : "; journals are replayed at the next start"));
    }
}
