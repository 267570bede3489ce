package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.ControlClient;
import io.quoin.daemon.control.api.ControlException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/// Which daemon is asked; a mixin: `@Mixin private DaemonOption daemon;`.
final class DaemonOption {
    /// Questions are answered at once; a daemon that takes longer hangs.
    private static final long QUESTION_MILLIS = 60_000;

    @Option(
            names = "--control",
            paramLabel = "PATH",
            description =
                    "The daemon's control socket (QUOIN_CONTROL, else /run/quoin/control.sock).")
    private Path socket;

    Path socket() {
        if (socket != null) {
            return Paths.absolute(socket);
        }
        String named = System.getenv("QUOIN_CONTROL");
        return named == null || named.isEmpty()
                ? ControlClient.DEFAULT_SOCKET
                : Paths.absolute(Path.of(named));
    }

    /// {@return a connection to the daemon}
    ///
    /// @throws CommandFailure when there is none
    ControlClient connect() throws CommandFailure {
        try {
            return ControlClient.connect(socket());
        } catch (ControlException e) {
            throw translate(e);
        }
    }

    /// {@return a connection to the daemon; nothing when none runs}
    ///
    /// @throws CommandFailure when one runs and cannot be talked to
    Optional<ControlClient> connectIfThere() throws CommandFailure {
        try {
            return Optional.of(ControlClient.connect(socket()));
        } catch (ControlException e) {
            if (e.kind() == ControlException.Kind.ABSENT) {
                return Optional.empty();
            }
            throw translate(e);
        }
    }

    /// {@return the answer to a question}
    ///
    /// @param request see the daemon's protocol
    /// @throws CommandFailure with the daemon's words when it refuses
    JsonObject ask(JsonObject request) throws CommandFailure {
        try (ControlClient client = connect()) {
            return ask(client, request);
        }
    }

    static JsonObject ask(ControlClient client, JsonObject request) throws CommandFailure {
        try {
            return client.call(request, QUESTION_MILLIS);
        } catch (ControlException e) {
            throw translate(e);
        }
    }

    /// {@return the answer to a command that may take its time}
    ///
    /// @param request see the daemon's protocol
    /// @throws CommandFailure with the daemon's words when it refuses
    JsonObject order(JsonObject request) throws CommandFailure {
        try (ControlClient client = connect()) {
            return order(client, request);
        }
    }

    static JsonObject order(ControlClient client, JsonObject request) throws CommandFailure {
        try {
            return client.call(request);
        } catch (ControlException e) {
            throw translate(e);
        }
    }

    /// {@return a request about a volume}
    ///
    /// @param command command
    /// @param volume name of the volume
    static JsonObject request(String command, String volume) {
        JsonObject request = ControlClient.request(command);
        request.put("volume", volume);
        return request;
    }

    /// {@return a volume's status}
    ///
    /// @param volume name of the volume
    /// @throws CommandFailure when there is none
    JsonObject status(String volume) throws CommandFailure {
        return ask(request("status", volume)).getObject("volume");
    }

    /// {@return names of the volumes that are served}
    List<String> volumeNames() throws CommandFailure {
        List<String> names = new ArrayList<>();
        JsonObject answer = ask(ControlClient.request("list"));
        for (Object each : answer.getArray("volumes", new JsonArray())) {
            names.add(((JsonObject) each).getString("name"));
        }
        return names;
    }

    private static CommandFailure translate(ControlException e) {
        return switch (e.kind()) {
            case REFUSED -> CommandFailure.failed(e.getMessage(), e);
            case ABSENT, UNREACHABLE -> CommandFailure.environment(e.getMessage());
        };
    }
}
