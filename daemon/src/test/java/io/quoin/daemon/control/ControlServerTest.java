package io.quoin.daemon.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import io.quoin.daemon.config.Options;
import io.quoin.daemon.config.StateDirectory;
import io.quoin.daemon.control.api.ControlClient;
import io.quoin.daemon.control.api.ControlException;
import io.quoin.daemon.host.VolumeHost;
import io.quoin.daemon.metrics.Metrics;
import io.quoin.daemon.nbd.NbdServer;
import io.quoin.daemon.nbd.NbdSettings;
import io.quoin.daemon.observe.EventLog;
import io.quoin.volume.EngineSettings;
import io.quoin.volume.MemberFiles;
import io.quoin.volume.assembly.Creation;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.LocalFile;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.remote.MemberAddress;
import io.quoin.volume.repair.GovernorLimits;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The protocol, with a real engine behind it: members are sparse files.
class ControlServerTest {
    private static final long MEMBER_BYTES = 100L << 20;

    @TempDir Path folder;
    private StateDirectory state;
    private EventLog events;
    private NbdServer nbd;
    private VolumeHost host;
    private ControlServer server;
    private Path socket;

    @BeforeEach
    void start() throws Exception {
        state = StateDirectory.open(folder.resolve("state"));
        events = new EventLog();
        nbd = new NbdServer(NbdSettings.DEFAULT);
        host =
                new VolumeHost(
                        nbd,
                        state,
                        new EngineSettings(4 << 20, 64, 100_000_000, 2, GovernorLimits.DEFAULT, 0),
                        events);
        socket = folder.resolve("control.sock");
        server =
                ControlServer.open(
                        socket,
                        new Commands(
                                host,
                                nbd,
                                events,
                                new Metrics(host, nbd, "1.2.3"),
                                Options.parse().settings(),
                                "1.2.3"));
    }

    @AfterEach
    void stop() {
        server.close();
        nbd.drain(Duration.ofSeconds(1));
        host.stopAll(Duration.ofSeconds(10));
        nbd.close();
        events.close();
        state.close();
    }

    /// A client that may send what it likes.
    private static final class RawClient implements AutoCloseable {
        private final SocketChannel channel;
        private final BufferedReader in;

        RawClient(Path socket) throws IOException {
            channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
            in = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
        }

        void send(String text) throws IOException {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }

        String line() throws IOException {
            return in.readLine();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    private JsonObject call(JsonObject request) throws ControlException {
        try (ControlClient client = ControlClient.connect(socket)) {
            return client.call(request, 30_000);
        }
    }

    private JsonObject createRequest(String name, String level, int count) {
        JsonObject request = ControlClient.request("create");
        request.put("name", name);
        request.put("level", level);
        JsonArray members = new JsonArray();
        for (int i = 0; i < count; i++) {
            members.add(folder.resolve(name + i).toString());
        }
        request.put("members", members);
        request.put("sizeBytes", MEMBER_BYTES);
        return request;
    }

    private static JsonObject about(String command, String volume) {
        JsonObject request = ControlClient.request(command);
        request.put("volume", volume);
        return request;
    }

    @Test
    void onlyOwnerAndGroupMayTalkToIt() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-rw----");
    }

    @Test
    void answersPing() throws ControlException {
        JsonObject answer = call(ControlClient.request("ping"));
        assertThat(answer.getString("version")).isEqualTo("1.2.3");
        assertThat(answer.getInt("protocol")).isEqualTo(1);
        assertThat(answer.getLong("pid")).isEqualTo(ProcessHandle.current().pid());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "hello | expected a JSON object on a line",
                "[1] | expected a JSON object on a line",
                "{\"command\":\"ping\"} trailing | expected a JSON object on a line",
                "{} | command: expected a string, was nothing",
                "{\"command\":7} | command: expected a string, was 7",
                "{\"command\":\"format\"} | was \\\"format\\\"",
                "{\"command\":\"ping\",\"x\":1} | ping: \\\"x\\\": unknown field; expected one of command",
                "{\"command\":\"status\"} | status: volume: expected a string, was nothing",
                "{\"command\":\"status\",\"volume\":\"no\"} | volume no: expected one that is served, found none at all",
                "{\"command\":\"close\",\"volume\":\"no\",\"forget\":1} | close: forget: expected true or false, was 1",
                "{\"command\":\"events\",\"count\":0} | events: count: expected a number from 1 to 1024, was 0",
                "{\"command\":\"events\",\"count\":1.5} | events: count: expected a number from 1 to 1024, was 1.5",
                "{\"command\":\"open\",\"members\":[\"m\"]} | open: members: expected an absolute path, was \\\"m\\\"",
                "{\"command\":\"open\",\"members\":[3]} | open: members: expected an array of paths or URIs, was 3",
                "{\"command\":\"open\"} | open: expected members or volume, was neither",
                "{\"command\":\"open\",\"members\":[\"/nonexistent\"]} | /nonexistent: no such file or device; leave it out",
                "{\"command\":\"open\",\"volume\":\"no\"} | volume no: expected one that is remembered, found none",
                "{\"command\":\"create\",\"name\":\"a/b\",\"level\":\"raid1\"} | volume name: expected 1 to 64 bytes",
                "{\"command\":\"create\",\"name\":\"a\",\"level\":\"raid1\"} | members: expected at least one, was none",
                "{\"command\":\"create\",\"name\":\"a\",\"level\":\"raid1\",\"guard\":\"md5\"} | guard: expected crc16",
            })
    void answersWhatMakesNoSenseAndLivesOn(String request, String error) throws Exception {
        try (RawClient client = new RawClient(socket)) {
            client.send(request + "\n");
            String answer = client.line();
            assertThat(answer).startsWith("{\"ok\":false,\"error\":\"").contains(error);
            JsonParser.object().from(answer);
            client.send("{\"command\":\"ping\"}\n");
            assertThat(client.line()).startsWith("{\"ok\":true");
        }
    }

    @Test
    void aLineWithoutEndIsRefusedAndTheNextClientServed() throws Exception {
        try (RawClient client = new RawClient(socket)) {
            try {
                client.send("x".repeat(2 * ControlServer.MAX_LINE_BYTES));
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("Broken pipe");
            }
        }
        assertThat(call(ControlClient.request("ping")).getInt("protocol")).isEqualTo(1);
    }

    @Test
    void aLineOfTheGreatestLengthIsRead() throws Exception {
        try (RawClient client = new RawClient(socket)) {
            String request = "{\"command\":\"ping\"}";
            client.send(
                    " ".repeat(ControlServer.MAX_LINE_BYTES - request.length()) + request + "\n");
            assertThat(client.line()).startsWith("{\"ok\":true");
            client.send(
                    " ".repeat(ControlServer.MAX_LINE_BYTES + 1 - request.length())
                            + request
                            + "\n");
            assertThat(client.line()).contains("expected at most 262144 bytes on a line");
            assertThat(client.line()).isNull();
        }
    }

    @Test
    void requestsSentTogetherAreAnsweredInOrder() throws Exception {
        try (RawClient client = new RawClient(socket)) {
            client.send("{\"command\":\"ping\"}\nx\n{\"command\":\"list\"}\n");
            assertThat(client.line()).contains("protocol");
            assertThat(client.line()).contains("\"ok\":false");
            assertThat(client.line()).contains("volumes");
        }
    }

    @Test
    void oneConnectionTooManyIsToldSo() throws Exception {
        List<RawClient> clients = new ArrayList<>();
        try {
            for (int i = 0; i < ControlServer.MAX_CONNECTIONS; i++) {
                clients.add(new RawClient(socket));
                clients.getLast().send("{\"command\":\"ping\"}\n");
                assertThat(clients.getLast().line()).contains("\"ok\":true");
            }
            RawClient late = new RawClient(socket);
            clients.add(late);
            assertThat(late.line()).contains("expected at most 64 connections");
        } finally {
            for (RawClient client : clients) {
                client.close();
            }
        }
    }

    @Test
    void aSocketInUseIsRefusedAndAStaleOneReplaced() throws Exception {
        Commands commands =
                new Commands(
                        host,
                        nbd,
                        events,
                        new Metrics(host, nbd, "1"),
                        Options.parse().settings(),
                        "1");
        assertThatThrownBy(() -> ControlServer.open(socket, commands))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(socket + ": expected nobody, another daemon answers there");
        Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> ControlServer.open(file, commands))
                .hasMessageContaining(file + ": expected a socket or nothing, was a file");
        Path stale = folder.resolve("stale.sock");
        java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(stale))
                .close();
        ControlServer other = ControlServer.open(stale, commands);
        try (ControlClient client = ControlClient.connect(stale)) {
            assertThat(client.call(ControlClient.request("ping")).getInt("protocol")).isEqualTo(1);
        }
        other.close();
        assertThat(stale).doesNotExist();
    }

    @Test
    void saysWhenNobodyIsThere() {
        assertThatThrownBy(() -> ControlClient.connect(folder.resolve("none.sock")))
                .isInstanceOfSatisfying(
                        ControlException.class,
                        e -> assertThat(e.kind()).isEqualTo(ControlException.Kind.ABSENT))
                .hasMessageContaining("no daemon at " + folder.resolve("none.sock"));
    }

    /// Goal: the life of a volume by commands alone. Method: create, ask, close, open again from what is
    /// remembered, fail a member, forget.
    @Test
    void aVolumeLivesByCommands() throws Exception {
        JsonObject volume = call(createRequest("orders", "raid5", 3)).getObject("volume");
        assertThat(volume.getString("state")).isEqualTo("optimal");
        assertThat(volume.getBoolean("isRemembered")).isTrue();
        assertThat(volume.getArray("members")).hasSize(3);
        assertThat(state.volume("orders")).isPresent();
        assertThatThrownBy(() -> call(createRequest("orders", "raid5", 3)))
                .hasMessageContaining("expected a new name");
        JsonObject sameMembers = createRequest("orders", "raid5", 3);
        sameMembers.put("name", "trades");
        assertThatThrownBy(() -> call(sameMembers))
                .hasMessage(folder.resolve("orders0") + ": in use by volume orders of this daemon");

        assertThat(call(about("close", "orders")).getBoolean("isClean")).isTrue();
        assertThat(call(ControlClient.request("list")).getArray("volumes")).isEmpty();
        assertThatThrownBy(() -> call(sameMembers))
                .hasMessageContaining("expected a blank member, found member 0 of volume orders");
        call(about("open", "orders"));

        JsonObject fail = about("member.fail", "orders");
        fail.put("slot", 1);
        fail.put("reason", "test");
        assertThat(call(fail).getObject("volume").getString("state")).isEqualTo("degraded");
        fail.put("slot", 2);
        assertThatThrownBy(() -> call(fail)).hasMessageContaining("slot 2");
        fail.put("slot", 3);
        assertThatThrownBy(() -> call(fail)).hasMessageContaining("3");
        events.close();
        JsonObject asked = about("events", "orders");
        assertThat(call(asked).getArray("events").toString()).contains("dropped at epoch");

        JsonObject forget = about("close", "orders");
        forget.put("forget", true);
        call(forget);
        assertThat(state.volume("orders")).isEmpty();
        assertThat(state.counters("orders")).doesNotExist();
    }

    @Test
    void aVolumeThatCannotBeOpenedIsNamedAndDoesNotKeepTheOthers() throws Exception {
        call(createRequest("a", "raid1", 2));
        call(createRequest("b", "raid1", 2));
        call(about("close", "a"));
        call(about("close", "b"));
        Files.delete(folder.resolve("a0"));
        Files.delete(folder.resolve("a1"));
        Files.delete(folder.resolve("b1"));
        host.openAll(List.of(), Optional.empty());
        JsonObject list = call(ControlClient.request("list"));
        assertThat(list.getArray("unserved")).hasSize(1);
        assertThat(list.getArray("unserved").getObject(0).getString("name")).isEqualTo("a");
        assertThat(list.getArray("unserved").getObject(0).getString("error"))
                .contains("no member is usable")
                .contains(folder.resolve("a0") + " left out: no such file or device");
        assertThat(list.getArray("volumes")).hasSize(1);
        assertThat(list.getArray("volumes").getObject(0).getString("state")).isEqualTo("degraded");
        assertThatThrownBy(() -> call(about("status", "a")))
                .hasMessageContaining("volume a is not served: no member is usable");
    }

    /// Goal: who brings a disk decides what its superblock says, and nothing about files of this host.
    @Test
    void aVolumeWhoseNameIsAPathIsRefusedAndTouchesNoFile() throws Exception {
        Path member = folder.resolve("m0");
        Superblock superblock =
                MemberFiles.create(
                        new Creation.Wish("v", "raid0", 0, 65_536, Guard.CRC32C, 0),
                        List.of(MemberAddress.of(member)),
                        MEMBER_BYTES,
                        false,
                        1);
        Files.createDirectories(folder.resolve("state/counters"));
        Path precious = Files.writeString(folder.resolve("precious"), "orders");
        Superblock.Builder renamed = superblock.toBuilder();
        renamed.name = "../../precious";
        try (LocalFile file = LocalFile.open(member, true)) {
            assertThat(SuperblockIo.write(file, renamed.build()).isOk()).isTrue();
        }
        JsonObject request = ControlClient.request("open");
        JsonArray members = new JsonArray();
        members.add(member.toString());
        request.put("members", members);
        assertThatThrownBy(() -> call(request))
                .isInstanceOf(ControlException.class)
                .hasMessageContaining("m0: volume name: expected one without slashes");
        assertThat(precious).hasContent("orders");
    }

    @Test
    void aRequestNestedWithoutEndIsRefusedAsNoJson() throws IOException {
        try (RawClient client = new RawClient(socket)) {
            client.send("{\"a\":" + "[".repeat(100_000) + "\n");
            assertThat(client.line()).contains("nested deeper than 64 levels");
            client.send("{\"command\":\"ping\",\"x\":\"" + "[".repeat(100) + "\"}\n");
            assertThat(client.line()).contains("unknown field");
        }
    }
}
