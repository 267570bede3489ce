package io.quoin.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.cli.demo.NbdClient;
import io.quoin.codec.nbd.Greeting;
import io.quoin.codec.nbd.HandshakeFlag;
import io.quoin.codec.nbd.OptionReplyHeader;
import io.quoin.codec.nbd.OptionReplyType;
import io.quoin.codec.nbd.OptionType;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Servers can be hostile too: the client that we ship meets their end at every byte, and lengths that
/// it must not believe, with an IOException.
@Timeout(30)
class HostileServerTest {
    @TempDir Path folder;
    private ServerSocketChannel server;
    private Path socket;

    @BeforeEach
    void open() throws IOException {
        socket = folder.resolve("nbd.sock");
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        Files.deleteIfExists(socket);
    }

    private void expectRefused(ByteBuffer answer) {
        Thread.ofPlatform()
                .daemon(true)
                .start(() -> {
                    try (SocketChannel client = server.accept()) {
                        client.write(answer);
                    } catch (IOException e) {
                        // The client hung up first.
                    }
                });
        assertThatThrownBy(() -> NbdClient.connect(socket, "disk").close())
                .isInstanceOf(IOException.class);
    }

    private static ByteBuffer greeting() {
        ByteBuffer bytes = ByteBuffer.allocate(1024);
        Greeting.put(bytes, HandshakeFlag.ALL);
        return bytes;
    }

    /// CVE-2021-20286: a server that vanishes while it is asked for the export.
    @Test
    void aServerMayVanishAtEveryByteOfTheHandshake() {
        ByteBuffer whole = greeting();
        OptionReplyHeader.put(whole, OptionType.GO, OptionReplyType.INFO, 12);
        whole.put(new byte[12]);
        int bytes = whole.position();
        for (int length = 0; length <= bytes; length++) {
            expectRefused(whole.duplicate().flip().limit(length));
        }
    }

    /// CVE-2017-2630: a reply longer than the client's memory for it.
    @Test
    void anOptionReplyOfFourGibibytesIsNotBelieved() {
        ByteBuffer answer = greeting();
        OptionReplyHeader.put(answer, OptionType.GO, OptionReplyType.INFO, -1);
        expectRefused(answer.flip());
    }

    @Test
    void aStrangerIsToldFromAServer() {
        expectRefused(ByteBuffer.wrap("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes()));
        assertThat(server.isOpen()).isTrue();
    }
}
