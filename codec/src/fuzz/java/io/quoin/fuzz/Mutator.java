package io.quoin.fuzz;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Changes valid inputs a little, from a seed: bytes flipped, numbers at their edges, pieces cut,
/// doubled, moved, and taken from another input.
public final class Mutator {
    private static final long[] EDGES = {
        0,
        1,
        2,
        -1,
        0x7F,
        0x80,
        0xFF,
        0x7FFF,
        0x8000,
        0xFFFF,
        4095,
        4096,
        4097,
        0x7FFF_FFFFL,
        0x8000_0000L,
        0xFFFF_FFFFL,
        0x1_0000_0000L,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        Long.MIN_VALUE + 4096,
    };
    private static final int MAX_BYTES = 1 << 20;

    private final List<byte[]> inputs;
    private final Random random;

    /// A mutator.
    ///
    /// @param inputs what to begin with, at least one
    /// @param seed decides everything
    public Mutator(List<byte[]> inputs, long seed) {
        this.inputs = inputs;
        random = new Random(seed);
    }

    /// {@return the next input}
    public byte[] next() {
        byte[] bytes = inputs.get(random.nextInt(inputs.size())).clone();
        for (int left = 1 << random.nextInt(4); left > 0; left--) {
            bytes = mutate(bytes);
        }
        return bytes.length > MAX_BYTES ? Arrays.copyOf(bytes, MAX_BYTES) : bytes;
    }

    private byte[] mutate(byte[] from) {
        if (from.length == 0) {
            byte[] noise = new byte[1 + random.nextInt(64)];
            random.nextBytes(noise);
            return noise;
        }
        byte[] bytes = from.clone();
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(10)) {
            case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> bytes[at] = (byte) random.nextInt();
            case 2, 3, 4 -> putEdge(bytes, at);
            case 5 -> bytes = Arrays.copyOf(bytes, at);
            case 6 -> bytes = splice(bytes, 0, at, bytes, random.nextInt(bytes.length));
            case 7 -> {
                byte[] other = inputs.get(random.nextInt(inputs.size()));
                bytes = splice(bytes, 0, at, other, random.nextInt(other.length + 1));
            }
            case 8 -> Arrays.fill(bytes, at, end(bytes, at), (byte) (random.nextInt(3) - 1));
            default -> {
                byte[] noise = new byte[end(bytes, at) - at];
                random.nextBytes(noise);
                System.arraycopy(noise, 0, bytes, at, noise.length);
            }
        }
        return bytes;
    }

    private int end(byte[] bytes, int at) {
        return Math.min(bytes.length, at + 1 + random.nextInt(32));
    }

    private void putEdge(byte[] bytes, int at) {
        long value = EDGES[random.nextInt(EDGES.length)];
        int width = 1 << random.nextInt(4);
        boolean isBigEndian = random.nextBoolean();
        for (int i = 0; i < width && at + i < bytes.length; i++) {
            bytes[at + i] = (byte) (value >>> 8 * (isBigEndian ? width - 1 - i : i));
        }
    }

    private static byte[] splice(byte[] head, int from, int to, byte[] tail, int tailFrom) {
        byte[] result = Arrays.copyOf(Arrays.copyOfRange(head, from, to), to - from + tail.length);
        System.arraycopy(tail, tailFrom, result, to - from, tail.length - tailFrom);
        return Arrays.copyOf(result, to - from + tail.length - tailFrom);
    }
}
