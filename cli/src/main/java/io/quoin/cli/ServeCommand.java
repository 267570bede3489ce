package io.quoin.cli;

import io.quoin.volume.remote.MemberAddress;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin serve`: the daemon in the foreground. The launcher `bin/quoin` sees the word and becomes
/// `quoind`, which reads the options itself; here they stand for help and completion.
@Command(
        name = "serve",
        description = {
            "Runs the daemon in the foreground, until SIGTERM or SIGINT.",
            "Serves the volumes that were created or opened before, and that of the members given here."
        })
final class ServeCommand extends QuoinCommand {
    @Parameters(paramLabel = "MEMBER", description = "Members of one more volume.")
    private List<MemberAddress> members;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Settings file, instead of /etc/quoin/quoind.toml.")
    private Path config;

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            description = "Unix socket for NBD clients (/run/quoin/nbd.sock).")
    private Path socket;

    @Option(
            names = "--tcp",
            paramLabel = "HOST:PORT",
            description = "TCP address for NBD clients; may be given again.")
    private List<String> tcp;

    @Option(
            names = "--tcp-without-tls",
            description = "Accepts TCP addresses beyond loopback: nothing is encrypted.")
    private boolean isTcpOpen;

    @Option(
            names = "--metrics",
            paramLabel = "HOST:PORT",
            description = "OpenMetrics over HTTP on loopback, /metrics; none: \"\".")
    private String metrics;

    @Option(
            names = "--control",
            paramLabel = "PATH",
            description = "Unix socket for commands (/run/quoin/control.sock).")
    private Path control;

    @Option(
            names = "--state",
            paramLabel = "DIRECTORY",
            description = "Where the daemon remembers (/var/lib/quoin).")
    private Path state;

    @Option(
            names = "--buffer",
            paramLabel = "SIZE",
            description = "Memory of each volume, a power of two (256M).")
    private String buffer;

    @Override
    ExitCode run(Output output) throws CommandFailure {
        throw CommandFailure.environment(
                "serve: expected the launcher bin/quoin, which becomes quoind; start bin/quoind");
    }
}
