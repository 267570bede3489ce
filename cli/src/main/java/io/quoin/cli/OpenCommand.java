package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.ControlClient;
import io.quoin.volume.remote.MemberAddress;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin open MEMBER...`: the daemon serves a volume that is there already, now and after restarts.
@Command(
        name = "open",
        description =
                "Has the daemon serve a volume that exists: from its members, or one it remembers.")
final class OpenCommand extends QuoinCommand {
    @Mixin private DaemonOption daemon;

    @Parameters(
            arity = "0..*",
            paramLabel = "MEMBER",
            description = "The members, in any order; none with --name of a remembered volume.")
    private List<MemberAddress> members = List.of();

    @Option(names = "--name", paramLabel = "NAME", description = "What the volume must be called.")
    private String name;

    @Option(
            names = "--buffer",
            paramLabel = "SIZE",
            converter = ByteSize.class,
            description = "Its memory, a power of two from 4M to 1G.")
    private Long bufferBytes;

    @Override
    ExitCode run(Output output) throws CommandFailure {
        if (members.isEmpty() && name == null) {
            throw CommandFailure.usage("open: expected members, or --name of a remembered volume");
        }
        JsonObject request = ControlClient.request("open");
        request.put(
                "members",
                JsonArray.from(
                        Paths.absolute(members).stream().map(MemberAddress::toString).toArray()));
        if (name != null) {
            request.put("volume", name);
        }
        if (bufferBytes != null) {
            request.put("bufferBytes", bufferBytes);
        }
        output.print(new VolumeReport(daemon.order(request).getObject("volume")));
        return ExitCode.OK;
    }
}
