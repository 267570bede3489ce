package io.quoin.daemon.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.codec.nbd.CommandFlag;
import io.quoin.codec.nbd.CommandType;
import io.quoin.codec.nbd.ErrorCode;
import io.quoin.codec.nbd.ReplyChunk;
import io.quoin.volume.intake.Request;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TransmissionTest {
    private static final byte[] NOTHING = {};
    private static final long SIZE = ServerFixture.SIZE_BYTES;
    private static final long LONGEST = (1L << 32) - 1;

    private ServerFixture fixture;

    @BeforeEach
    void open() throws IOException {
        fixture = new ServerFixture();
    }

    @AfterEach
    void close() throws IOException {
        fixture.close();
    }

    private static byte[] noise(long seed, int bytes) {
        byte[] noise = new byte[bytes];
        new Random(seed).nextBytes(noise);
        return noise;
    }

    private static void expectSimple(WireClient client, int error, long cookie) throws IOException {
        assertThat(client.simple()).isEqualTo(new WireClient.Simple(error, cookie));
    }

    private static WireClient.Chunk expectDone(WireClient client, int kind, long cookie)
            throws IOException {
        WireClient.Chunk chunk = client.chunk();
        assertThat(chunk.kind()).isEqualTo(kind);
        assertThat(chunk.cookie()).isEqualTo(cookie);
        assertThat(chunk.isDone()).isTrue();
        return chunk;
    }

    @Test
    void whatWasWrittenIsReadAtAnyOffsetAndLength() throws IOException {
        try (WireClient simple = fixture.open(false);
                WireClient structured = fixture.open(true)) {
            for (int length : new int[] {1, 511, 4096, 65_535, 70_000, 1 << 20, 32 << 20}) {
                long offset = length % 4099;
                byte[] data = noise(length, length);
                simple.request(0, CommandType.WRITE, -7, offset, length, data);
                expectSimple(simple, 0, -7);
                simple.request(CommandType.READ, 8, offset, length);
                expectSimple(simple, 0, 8);
                assertThat(simple.read(length).array()).isEqualTo(data);
                structured.request(CommandFlag.DF, CommandType.READ, 9, offset, length, NOTHING);
                WireClient.Chunk chunk = expectDone(structured, ReplyChunk.OFFSET_DATA, 9);
                assertThat(chunk.offset()).isEqualTo(offset);
                assertThat(chunk.data()).isEqualTo(data);
            }
        }
    }

    @Test
    void aThousandRequestsInFlightAreAllAnsweredEvenWithOneCookie() throws IOException {
        fixture.device.shuffled(200);
        try (WireClient client = fixture.open(false)) {
            int count = NbdSettings.DEFAULT.maxRequests() - 24;
            ByteBuffer all = ByteBuffer.allocate(count * (28 + 512));
            fixture.device.hold();
            for (int i = 0; i < count; i++) {
                byte[] payload = new byte[512];
                Arrays.fill(payload, (byte) i);
                all.put(WireClient.frame(0, CommandType.WRITE, 42, i * 512L, 512, payload).flip());
            }
            client.send(all);
            ServerFixture.await("all in flight", () -> fixture.device.submitted.get() == count);
            fixture.device.release();
            for (int i = 0; i < count; i++) {
                expectSimple(client, 0, 42);
            }
            client.request(CommandType.READ, 43, 0, count * 512L);
            expectSimple(client, 0, 43);
            byte[] data = client.read(count * 512).array();
            for (int i = 0; i < data.length; i++) {
                assertThat(data[i]).isEqualTo((byte) (i / 512));
            }
        }
    }

    @Test
    void whatComesInOnePieceIsHandedOverAsOne() throws IOException {
        try (WireClient client = fixture.open(false)) {
            ByteBuffer all = ByteBuffer.allocate(200 * 28 + 14);
            for (int i = 0; i < 200; i++) {
                all.put(WireClient.frame(0, CommandType.TRIM, i, 0, 4096, NOTHING).flip());
            }
            ByteBuffer last = WireClient.frame(0, CommandType.TRIM, 200, 0, 4096, NOTHING).flip();
            client.send(all.put(last.slice(0, 14)));
            // Nothing waits for the rest of what has begun to come.
            for (int i = 0; i < 200; i++) {
                expectSimple(client, 0, i);
            }
            assertThat(fixture.device.proceeds.get()).isBetween(4L, 8L);
            client.send(ByteBuffer.allocate(14).put(last.slice(14, 14)));
            expectSimple(client, 0, 200);
        }
    }

    @Test
    void whatCameBeforeAFarewellIsCarriedOut() throws IOException {
        try (WireClient client = fixture.open(false)) {
            ByteBuffer all = ByteBuffer.allocate(2 * 28 + 512);
            all.put(WireClient.frame(0, CommandType.WRITE, 1, 0, 512, noise(1, 512)).flip());
            client.send(all.put(WireClient.frame(0, CommandType.DISC, 2, 0, 0, NOTHING).flip()));
            ServerFixture.await("written", () -> fixture.device.writesApplied.get() == 1);
        }
    }

    @Test
    void repliesComeInTheOrderOfCompletion() throws IOException {
        fixture.device.shuffled(64);
        try (WireClient client = fixture.open(true)) {
            fixture.device.hold();
            for (int i = 0; i < 64; i++) {
                client.request(CommandType.TRIM, i, 0, 4096);
            }
            ServerFixture.await("64", () -> fixture.device.submitted.get() == 64);
            fixture.device.release();
            Set<Long> cookies = new HashSet<>();
            boolean isInOrder = true;
            for (int i = 0; i < 64; i++) {
                WireClient.Chunk chunk = client.chunk();
                isInOrder &= chunk.cookie() == i;
                cookies.add(chunk.cookie());
            }
            assertThat(isInOrder).isFalse();
            assertThat(cookies).hasSize(64);
        }
    }

    @Test
    void moreRequestsThanTheLimitWaitInTheSocket() throws IOException {
        fixture.close();
        fixture = new ServerFixture(new MemoryDevice(SIZE), NbdSettings.DEFAULT.withMaxRequests(8));
        try (WireClient client = fixture.open(false)) {
            fixture.device.hold();
            for (int i = 0; i < 100; i++) {
                client.request(CommandType.READ, i, 0, 512);
            }
            ServerFixture.await("8", () -> fixture.device.submitted.get() == 8);
            assertThat(fixture.server.connections().getFirst().inFlight()).isEqualTo(8);
            fixture.device.release();
            for (int i = 0; i < 100; i++) {
                expectSimple(client, 0, i);
                client.read(512);
            }
        }
    }

    @Test
    void fuaIsAcceptedOnEveryCommand() throws IOException {
        try (WireClient client = fixture.open(false)) {
            int[] types = {
                CommandType.READ,
                CommandType.WRITE,
                CommandType.TRIM,
                CommandType.CACHE,
                CommandType.WRITE_ZEROES
            };
            for (int type : types) {
                byte[] payload = type == CommandType.WRITE ? new byte[512] : NOTHING;
                client.request(CommandFlag.FUA, type, type, 0, 512, payload);
                expectSimple(client, 0, type);
                if (type == CommandType.READ) {
                    client.read(512);
                }
            }
            client.request(CommandFlag.FUA, CommandType.FLUSH, 3, 0, 0, NOTHING);
            expectSimple(client, 0, 3);
        }
    }

    @Test
    void badRequestsAreRefusedAndTheirPayloadConsumed() throws IOException {
        try (WireClient simple = fixture.open(false);
                WireClient structured = fixture.open(true)) {
            for (WireClient client : new WireClient[] {simple, structured}) {
                byte[] payload = noise(1, 100_000);
                client.request(CommandFlag.DF << 4, CommandType.WRITE, 1, 0, 100_000, payload);
                expectError(client, client == structured, ErrorCode.EINVAL, 1);
                client.request(0, CommandType.WRITE, 2, SIZE - 99_999, 100_000, payload);
                expectError(client, client == structured, ErrorCode.ENOSPC, 2);
                client.request(0, CommandType.WRITE, 3, -50_000, 100_000, payload);
                expectError(client, client == structured, ErrorCode.ENOSPC, 3);
                client.request(CommandType.WRITE_ZEROES, 4, SIZE, 1);
                expectError(client, client == structured, ErrorCode.ENOSPC, 4);
                client.request(CommandType.READ, 5, SIZE, 1);
                expectError(client, client == structured, ErrorCode.EINVAL, 5);
                client.request(CommandType.TRIM, 6, -1, LONGEST);
                expectError(client, client == structured, ErrorCode.EINVAL, 6);
                client.request(8, 6, 0, 0);
                expectError(client, client == structured, ErrorCode.EINVAL, 6);
                client.request(0xffff, 7, 0, LONGEST);
                expectError(client, client == structured, ErrorCode.EINVAL, 7);
                client.request(CommandType.READ, 8, 0, LONGEST);
                expectError(client, client == structured, ErrorCode.EINVAL, 8);
                client.request(CommandType.FLUSH, 9, 4096, 4096);
                expectError(client, client == structured, ErrorCode.EINVAL, 9);
            }
            assertThat(fixture.device.submitted.get()).isZero();
        }
    }

    private static void expectError(WireClient client, boolean structured, int error, long cookie)
            throws IOException {
        if (structured) {
            WireClient.Chunk chunk = expectDone(client, ReplyChunk.ERROR, cookie);
            assertThat(chunk.error()).isEqualTo(error);
            int textBytes = ByteBuffer.wrap(chunk.payload()).getShort(4);
            assertThat(chunk.payload()).hasSize(6 + textBytes);
        } else {
            expectSimple(client, error, cookie);
        }
    }

    @Test
    void aWriteLongerThanTheMaximumIsConsumedWithoutMemory() throws IOException {
        try (WireClient client = fixture.open(false)) {
            int length = 64 << 20;
            client.request(CommandType.WRITE, 1, 0, length);
            byte[] piece = new byte[1 << 20];
            for (int i = 0; i < 64; i++) {
                client.send(piece);
                assertThat(fixture.device.buffers().freeBytes())
                        .isEqualTo(fixture.device.buffers().capacityBytes());
            }
            expectSimple(client, ErrorCode.EINVAL, 1);
            client.request(CommandType.FLUSH, 2, 0, 0);
            expectSimple(client, 0, 2);
        }
    }

    @Test
    void emptyRangesAreFine() throws IOException {
        try (WireClient simple = fixture.open(false);
                WireClient structured = fixture.open(true)) {
            int[] types = {
                CommandType.READ,
                CommandType.WRITE,
                CommandType.TRIM,
                CommandType.CACHE,
                CommandType.WRITE_ZEROES
            };
            for (int type : types) {
                simple.request(type, type, SIZE, 0);
                expectSimple(simple, 0, type);
                structured.request(type, type, 0, 0);
                expectDone(structured, ReplyChunk.NONE, type);
            }
            structured.request(CommandType.BLOCK_STATUS, 7, 0, 0);
            assertThat(expectDone(structured, ReplyChunk.ERROR, 7).error())
                    .isEqualTo(ErrorCode.EINVAL);
        }
    }

    @Test
    void discAnswersWhatIsOutstandingAndCloses() throws IOException {
        try (WireClient client = fixture.open(false)) {
            fixture.device.hold();
            for (int i = 0; i < 10; i++) {
                client.request(0, CommandType.WRITE, i, i * 4096, 4096, new byte[4096]);
            }
            client.request(CommandType.DISC, 99, 0, 0);
            ServerFixture.await("10", () -> fixture.device.submitted.get() == 10);
            fixture.device.release();
            for (int i = 0; i < 10; i++) {
                expectSimple(client, 0, i);
            }
            assertThat(client.isEnded()).isTrue();
        }
    }

    @Test
    void aClientThatClosedItsSideStillGetsItsReplies() throws IOException {
        try (WireClient client = fixture.open(false)) {
            fixture.device.hold();
            client.request(0, CommandType.WRITE, 1, 0, 4096, noise(1, 4096));
            client.request(CommandType.READ, 2, 0, 512);
            client.channel.shutdownOutput();
            ServerFixture.await("2", () -> fixture.device.submitted.get() == 2);
            fixture.device.release();
            expectSimple(client, 0, 1);
            expectSimple(client, 0, 2);
            assertThat(client.read(512).array()).isEqualTo(Arrays.copyOf(noise(1, 4096), 512));
            assertThat(client.isEnded()).isTrue();
        }
    }

    @Test
    void aBadRequestMagicEndsTheSessionAfterTheRepliesBeforeIt() throws IOException {
        try (WireClient client = fixture.open(false)) {
            client.request(CommandType.FLUSH, 1, 0, 0).send(new byte[28]);
            expectSimple(client, 0, 1);
            assertThat(client.isEnded()).isTrue();
        }
    }

    @Test
    void aHalfSentWriteIsNeverApplied() throws IOException {
        try (WireClient other = fixture.open(false)) {
            for (int sent : new int[] {0, 1, 4095, 65_000, 99_999}) {
                try (WireClient client = fixture.open(false)) {
                    client.request(0, CommandType.WRITE, 1, 0, 100_000, noise(sent, sent));
                }
            }
            ServerFixture.await("their end", () -> fixture.server.connectionCount() == 1);
            fixture.expectNothingHeld();
            assertThat(fixture.device.writesApplied.get()).isZero();
            other.request(CommandType.READ, 2, 0, 100_000);
            expectSimple(other, 0, 2);
            assertThat(other.read(100_000).array()).containsOnly(0);
        }
    }

    @Test
    void aVolumesErrorsReachTheClientAsErrorsOfTheProtocol() throws IOException {
        try (WireClient simple = fixture.open(false);
                WireClient structured = fixture.open(true)) {
            for (Request.Outcome outcome : Request.Outcome.values()) {
                fixture.device.judge(request -> outcome);
                if (outcome == Request.Outcome.OK) {
                    continue;
                }
                int error = ReplyError.of(outcome).code();
                simple.request(CommandType.READ, 1, 0, 4096);
                expectSimple(simple, error, 1);
                simple.request(0, CommandType.WRITE, 2, 0, 4096, new byte[4096]);
                expectSimple(simple, error, 2);
                structured.request(CommandType.READ, 3, 0, 4096);
                expectError(structured, true, error, 3);
                structured.request(CommandType.BLOCK_STATUS, 4, 0, 4096);
                expectError(structured, true, error, 4);
            }
        }
    }

    @Test
    void zeroesAndTrimsOfAnyLengthLeaveHolesOrNone() throws IOException {
        fixture.close();
        fixture = new ServerFixture(new MemoryDevice(6L << 30), NbdSettings.DEFAULT);
        try (WireClient client = fixture.open(true)) {
            client.request(0, CommandType.WRITE, 1, 1L << 32, 4096, noise(1, 4096));
            expectDone(client, ReplyChunk.NONE, 1);
            client.request(
                    CommandFlag.FAST_ZERO, CommandType.WRITE_ZEROES, 2, 4096, LONGEST, NOTHING);
            expectDone(client, ReplyChunk.NONE, 2);
            client.request(CommandType.READ, 3, 1L << 32, 4096);
            byte[] data = expectDone(client, ReplyChunk.OFFSET_DATA, 3).data();
            assertThat(Arrays.copyOf(data, 4095)).containsOnly(0);
            client.request(CommandFlag.NO_HOLE, CommandType.WRITE_ZEROES, 4, 0, 1 << 20, NOTHING);
            expectDone(client, ReplyChunk.NONE, 4);
            client.request(CommandType.TRIM, 5, 1L << 31, 1L << 31);
            expectDone(client, ReplyChunk.NONE, 5);
            client.request(CommandType.CACHE, 6, 1, LONGEST);
            expectDone(client, ReplyChunk.NONE, 6);
            client.request(CommandType.BLOCK_STATUS, 7, 0, LONGEST);
            ByteBuffer status =
                    ByteBuffer.wrap(expectDone(client, ReplyChunk.BLOCK_STATUS, 7).payload());
            assertThat(status.getInt()).isEqualTo(ReplyBatch.ALLOCATION_CONTEXT_ID);
            assertThat(status.getInt()).isEqualTo(1 << 20);
            assertThat(status.getInt()).isEqualTo(Request.EXTENT_ZERO);
            assertThat(Integer.toUnsignedLong(status.getInt())).isEqualTo(LONGEST - (1 << 20));
            assertThat(status.getInt()).isEqualTo(Request.EXTENT_ZERO | Request.EXTENT_HOLE);
            assertThat(status.hasRemaining()).isFalse();
        }
    }

    @Test
    void blockStatusNeverReportsMoreThanWasAsked() throws IOException {
        try (WireClient client = fixture.open(true)) {
            for (int i = 0; i < 20; i += 2) {
                client.request(0, CommandType.WRITE, i, i * 65_536L, 512, noise(i, 512));
                expectDone(client, ReplyChunk.NONE, i);
            }
            for (int flags : new int[] {0, CommandFlag.REQ_ONE}) {
                for (long length : new long[] {1, 512, 65_536, 65_537, 20 * 65_536, SIZE}) {
                    client.request(flags, CommandType.BLOCK_STATUS, 7, 0, length, NOTHING);
                    byte[] payload = expectDone(client, ReplyChunk.BLOCK_STATUS, 7).payload();
                    ByteBuffer status = ByteBuffer.wrap(payload, 4, payload.length - 4);
                    int count = status.remaining() / 8;
                    assertThat(count)
                            .isEqualTo(
                                    flags == 0
                                            ? Math.ceilDiv(Math.min(length, 20 * 65_536), 65_536)
                                            : 1);
                    long sum = 0;
                    for (int i = 0; i < count; i++) {
                        assertThat(sum).isLessThan(length);
                        sum += Integer.toUnsignedLong(status.getInt());
                        int found = status.getInt();
                        assertThat(found).isEqualTo(i % 2 == 0 ? 0 : 3);
                    }
                    assertThat(sum).isLessThanOrEqualTo(length);
                    assertThat(sum == length).isEqualTo(flags == 0 || length <= 65_536);
                }
            }
            client.request(CommandType.BLOCK_STATUS, 8, SIZE - 1, 2);
            assertThat(expectDone(client, ReplyChunk.ERROR, 8).error()).isEqualTo(ErrorCode.EINVAL);
        }
    }

    @Test
    void aReadOnlyExportRefusesWritesAndConsumesTheirPayload() throws IOException {
        fixture.device.readOnly();
        try (WireClient client = fixture.open(false)) {
            client.request(0, CommandType.WRITE, 1, 0, 4096, noise(1, 4096));
            expectSimple(client, ErrorCode.EPERM, 1);
            client.request(CommandType.TRIM, 2, 0, 4096);
            expectSimple(client, ErrorCode.EPERM, 2);
            client.request(CommandType.WRITE_ZEROES, 3, 0, 4096);
            expectSimple(client, ErrorCode.EPERM, 3);
            client.request(CommandType.READ, 4, 0, 4096);
            expectSimple(client, 0, 4);
        }
    }

    @Test
    void repliesLeaveInBatches() throws IOException {
        try (WireClient client = fixture.open(false)) {
            fixture.device.hold();
            ByteBuffer all = ByteBuffer.allocate(640 * 28);
            for (int i = 0; i < 640; i++) {
                all.put(WireClient.frame(0, CommandType.TRIM, i, 0, 512, NOTHING).flip());
            }
            client.send(all);
            ServerFixture.await("640", () -> fixture.device.submitted.get() == 640);
            fixture.device.release();
            for (int i = 0; i < 640; i++) {
                expectSimple(client, 0, i);
            }
            ServerFixture.await(
                    "the count", () -> fixture.server.connections().getFirst().replies() == 640);
            assertThat(fixture.server.connections().getFirst().replyWrites()).isLessThan(320);
        }
    }
}
