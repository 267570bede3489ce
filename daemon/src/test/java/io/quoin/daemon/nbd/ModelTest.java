package io.quoin.daemon.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.codec.nbd.CommandFlag;
import io.quoin.codec.nbd.CommandType;
import io.quoin.codec.nbd.ReplyChunk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: what a client reads is what it wrote, whatever is in flight around it. Method: each of
/// several connections, simple and structured, works on a range of its own, in rounds of random
/// requests that do not overlap within a round and complete in random order, and compares every byte
/// with an array.
@Timeout(60)
class ModelTest {
    private static final int CONNECTIONS = 4;
    private static final int ROUNDS = 120;
    private static final int ROUND_REQUESTS = 16;
    private static final int RANGE_BYTES = 4 << 20;
    private static final int PART_BYTES = RANGE_BYTES / ROUND_REQUESTS;

    @Test
    void everyByteReadIsTheLastByteWritten() throws Exception {
        long seed = Long.getLong("quoin.seed", 7_919);
        MemoryDevice device =
                new MemoryDevice((long) CONNECTIONS * RANGE_BYTES, 64 << 20, seed).shuffled(24);
        try (ServerFixture fixture = new ServerFixture(device, NbdSettings.DEFAULT);
                ExecutorService clients = Executors.newFixedThreadPool(CONNECTIONS)) {
            List<Callable<Integer>> works = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                int number = i;
                works.add(() -> work(fixture, number, new Random(seed + number)));
            }
            int requests = 0;
            for (Future<Integer> done : clients.invokeAll(works)) {
                requests += done.get();
            }
            assertThat(requests).as("seed " + seed).isGreaterThan(3_000);
        }
    }

    private record Asked(int type, int from, int length) {}

    private static int work(ServerFixture fixture, int number, Random random) throws IOException {
        byte[] model = new byte[RANGE_BYTES];
        boolean structured = number % 2 == 0;
        int count = 0;
        try (WireClient client = fixture.open(structured)) {
            for (int round = 0; round < ROUNDS; round++) {
                Map<Long, Asked> asked = new HashMap<>();
                ByteBuffer all = ByteBuffer.allocate(2 * RANGE_BYTES);
                for (int part = 0; part < ROUND_REQUESTS; part++) {
                    long cookie = random.nextLong();
                    asked.put(cookie, ask(all, random, model, cookie, number, part));
                }
                count += asked.size();
                client.send(all);
                while (!asked.isEmpty()) {
                    take(client, structured, asked, model, number);
                }
            }
        }
        return count;
    }

    private static Asked ask(
            ByteBuffer all, Random random, byte[] model, long cookie, int number, int part) {
        int[] types = {
            CommandType.READ, CommandType.READ, CommandType.WRITE, CommandType.WRITE,
            CommandType.WRITE_ZEROES, CommandType.TRIM, CommandType.FLUSH, CommandType.CACHE
        };
        int type = types[random.nextInt(types.length)];
        int most = random.nextInt(4) == 0 ? PART_BYTES : 9000;
        int length = 1 + random.nextInt(most);
        int from = part * PART_BYTES + random.nextInt(PART_BYTES - length + 1);
        if (random.nextBoolean() && length > 4096) {
            from &= -4096;
            length &= -4096;
        }
        long offset = (long) number * RANGE_BYTES + from;
        byte[] payload = {};
        int flags = random.nextInt(3) == 0 ? CommandFlag.FUA : 0;
        switch (type) {
            case CommandType.WRITE -> {
                payload = new byte[length];
                random.nextBytes(payload);
                System.arraycopy(payload, 0, model, from, length);
            }
            case CommandType.WRITE_ZEROES, CommandType.TRIM ->
                    Arrays.fill(model, from, from + length, (byte) 0);
            default -> {}
        }
        boolean isFlush = type == CommandType.FLUSH;
        all.put(
                WireClient.frame(
                                flags,
                                type,
                                cookie,
                                isFlush ? 0 : offset,
                                isFlush ? 0 : length,
                                payload)
                        .flip());
        return new Asked(type, from, length);
    }

    private static void take(
            WireClient client, boolean structured, Map<Long, Asked> asked, byte[] model, int number)
            throws IOException {
        Asked question;
        byte[] data = null;
        if (structured) {
            WireClient.Chunk chunk = client.chunk();
            question = asked.remove(chunk.cookie());
            assertThat(chunk.isDone()).isTrue();
            assertThat(chunk.error()).isZero();
            if (chunk.kind() == ReplyChunk.OFFSET_DATA) {
                assertThat(chunk.offset()).isEqualTo((long) number * RANGE_BYTES + question.from());
                data = chunk.data();
            }
        } else {
            WireClient.Simple reply = client.simple();
            question = asked.remove(reply.cookie());
            assertThat(reply.error()).isZero();
            if (question.type() == CommandType.READ) {
                data = client.read(question.length()).array();
            }
        }
        assertThat(data != null).isEqualTo(question.type() == CommandType.READ);
        if (data != null) {
            int from = question.from();
            int at =
                    Arrays.mismatch(
                            data, Arrays.copyOfRange(model, from, from + question.length()));
            assertThat(at).as("first wrong byte of " + question).isEqualTo(-1);
        }
    }
}
