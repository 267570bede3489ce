package io.quoin.cli.hostile;

import io.quoin.codec.nbd.CommandType;
import io.quoin.codec.nbd.HandshakeFlag;
import io.quoin.codec.nbd.OptionHeader;
import io.quoin.codec.nbd.OptionType;
import io.quoin.codec.nbd.RequestHeader;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/// What one hostile client says and how it leaves: all of it follows from a seed and a number.
///
/// Most sessions are valid ones with something done to them; the rest are of a kind that has killed a
/// server somewhere. Writes go to the attacked export only: whatever becomes of a name by chance, it
/// does not become another export's.
///
/// @param kind what is done
/// @param bytes all that is sent
/// @param pieceBytes bytes of each write, 0: as much as the socket takes
/// @param isTcp whether it comes by TCP
/// @param end how it leaves
/// @param staysMillis how long it stays after its last byte, unless the daemon closes first
/// @param reads whether it takes what the daemon sends
record HostileSession(
        Kind kind,
        byte[] bytes,
        int pieceBytes,
        boolean isTcp,
        End end,
        int staysMillis,
        boolean reads) {
    /// What is done.
    enum Kind {
        /// Bytes flipped, pieces cut, doubled and moved.
        MUTATED,
        /// The same session cut at another byte each time.
        VANISHED,
        /// Options, many or of impossible length.
        OPTIONS,
        /// Well-formed requests of impossible ranges.
        RANGES,
        /// Much is asked for and nothing read.
        NON_READER,
        /// A write that is never finished.
        HALF_WRITE,
        /// Another protocol, or noise.
        STRANGER
    }

    /// How it leaves.
    enum End {
        /// Closes.
        CLOSE,
        /// Closes its side, reads to the end.
        HALF_CLOSE,
        /// Resets, where there is such a thing.
        RESET
    }

    /// The export that hostile sessions know.
    static final String EXPORT = "attacked";

    private static final long[] LENGTHS = {
        0,
        1,
        511,
        4096,
        65_536,
        1 << 20,
        32 << 20,
        (32 << 20) + 1,
        1L << 31,
        (1L << 31) - 1,
        (1L << 32) - 1,
        (1L << 32) - 4096
    };
    private static final long[] OFFSETS = {
        0, 1, 4095, 1 << 20, 1L << 31, 1L << 32, 1L << 40, Long.MAX_VALUE, Long.MIN_VALUE, -1, -4096
    };
    private static final String[] STRANGERS = {
        "GET / HTTP/1.1\r\nHost: quoin\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
                "\u0016\u0003\u0001\u0002",
        "\0\0\0\0", "{\"command\":\"list\"}\n", "QUIT\r\n"
    };
    private static final byte[] NOTHING = {};

    /// {@return a session}
    ///
    /// @param seed of the run
    /// @param number of the session
    static HostileSession draw(long seed, long number) {
        Random random = new Random(seed * 0x9E37_79B9_7F4A_7C15L + number);
        random.nextLong();
        int dice = random.nextInt(100);
        Kind kind =
                dice < 45
                        ? Kind.MUTATED
                        : dice < 60
                                ? Kind.VANISHED
                                : dice < 70
                                        ? Kind.OPTIONS
                                        : dice < 82
                                                ? Kind.RANGES
                                                : dice < 86
                                                        ? Kind.NON_READER
                                                        : dice < 93
                                                                ? Kind.HALF_WRITE
                                                                : Kind.STRANGER;
        byte[] bytes =
                switch (kind) {
                    case MUTATED -> mutated(random);
                    case VANISHED -> vanished(number);
                    case OPTIONS -> options(random);
                    case RANGES -> ranges(random);
                    case NON_READER -> nonReader(random);
                    case HALF_WRITE -> halfWrite(random);
                    case STRANGER -> stranger(random);
                };
        int piece = random.nextInt(10) == 0 && bytes.length < 2000 ? 1 + random.nextInt(3) : 0;
        End end = End.values()[Math.max(0, random.nextInt(6) - 3)];
        int stays = kind == Kind.VANISHED ? 0 : random.nextInt(8);
        boolean reads = kind != Kind.NON_READER;
        return new HostileSession(kind, bytes, piece, random.nextInt(3) == 0, end, stays, reads);
    }

    /// {@return the beginning of a valid session, up to transmission}
    static byte[] handshake(boolean isStructured) {
        List<byte[]> frames = new ArrayList<>();
        frames.add(ByteBuffer.allocate(4).putInt(HandshakeFlag.ALL).array());
        if (isStructured) {
            frames.add(option(OptionType.STRUCTURED_REPLY, NOTHING));
            frames.add(option(OptionType.SET_META_CONTEXT, contexts("base:allocation")));
        }
        frames.add(option(OptionType.GO, go()));
        return join(frames);
    }

    private static byte[] option(int type, byte[] data) {
        return option(type, data.length, data);
    }

    private static byte[] option(int type, long claimedBytes, byte[] data) {
        ByteBuffer frame = ByteBuffer.allocate(OptionHeader.BYTES + data.length);
        OptionHeader.put(frame, type, claimedBytes);
        return frame.put(data).array();
    }

    private static byte[] go(int... wanted) {
        byte[] name = EXPORT.getBytes(StandardCharsets.UTF_8);
        ByteBuffer data = ByteBuffer.allocate(6 + name.length + 2 * wanted.length);
        data.putInt(name.length).put(name).putShort((short) wanted.length);
        for (int each : wanted) {
            data.putShort((short) each);
        }
        return data.array();
    }

    private static byte[] contexts(String... queries) {
        byte[] name = EXPORT.getBytes(StandardCharsets.UTF_8);
        ByteBuffer data = ByteBuffer.allocate(4096);
        data.putInt(name.length).put(name).putInt(queries.length);
        for (String query : queries) {
            data.putInt(query.length()).put(query.getBytes(StandardCharsets.UTF_8));
        }
        return Arrays.copyOf(data.array(), data.position());
    }

    static byte[] request(int flags, int type, long cookie, long offset, long length, byte[] data) {
        ByteBuffer frame = ByteBuffer.allocate(RequestHeader.BYTES + data.length);
        RequestHeader.put(frame, flags, type, cookie, offset, length);
        return frame.put(data).array();
    }

    private static byte[] join(List<byte[]> frames) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        frames.forEach(all::writeBytes);
        return all.toByteArray();
    }

    // A valid session in frames: flags, options in some order, the way into transmission, requests.
    private static List<byte[]> valid(Random random) {
        List<byte[]> frames = new ArrayList<>();
        int flags = random.nextInt(8) == 0 ? random.nextInt(4) : HandshakeFlag.ALL;
        frames.add(ByteBuffer.allocate(4).putInt(flags).array());
        for (int left = random.nextInt(6); left > 0; left--) {
            frames.add(
                    switch (random.nextInt(9)) {
                        case 0 -> option(OptionType.LIST, NOTHING);
                        case 1 -> option(OptionType.STARTTLS, NOTHING);
                        case 2 -> option(OptionType.EXTENDED_HEADERS, NOTHING);
                        case 3 -> option(OptionType.INFO, go(0, 1, 2, 3));
                        case 4 -> option(OptionType.LIST_META_CONTEXT, contexts("base:"));
                        case 5 -> option(random.nextInt(), new byte[random.nextInt(100)]);
                        case 6 -> option(OptionType.SET_META_CONTEXT, contexts("base:allocation"));
                        default -> option(OptionType.STRUCTURED_REPLY, NOTHING);
                    });
        }
        frames.add(
                random.nextInt(6) == 0
                        ? option(OptionType.EXPORT_NAME, EXPORT.getBytes(StandardCharsets.UTF_8))
                        : option(OptionType.GO, go(3)));
        for (int left = random.nextInt(12); left > 0; left--) {
            frames.add(validRequest(random));
        }
        if (random.nextBoolean()) {
            frames.add(request(0, CommandType.DISC, 0, 0, 0, NOTHING));
        }
        return frames;
    }

    private static byte[] validRequest(Random random) {
        long offset = random.nextInt(8 << 20);
        int length = 1 + random.nextInt(random.nextInt(4) == 0 ? 200_000 : 5000);
        long cookie = random.nextLong();
        int type = random.nextInt(8);
        return switch (type) {
            case CommandType.WRITE -> {
                byte[] data = new byte[Math.min(length, 20_000)];
                yield request(random.nextInt(2), type, cookie, offset, data.length, data);
            }
            case CommandType.DISC, CommandType.FLUSH ->
                    request(0, CommandType.FLUSH, cookie, 0, 0, NOTHING);
            default -> request(0, type, cookie, offset, length, NOTHING);
        };
    }

    private static byte[] mutated(Random random) {
        List<byte[]> frames = valid(random);
        for (int left = random.nextInt(4); left > 0; left--) {
            int at = random.nextInt(frames.size());
            switch (random.nextInt(4)) {
                case 0 -> frames.add(at, frames.get(random.nextInt(frames.size())));
                case 1 -> Collections.swap(frames, at, random.nextInt(frames.size()));
                case 2 -> frames.set(at, cut(frames.get(at), random));
                default -> putEdge(frames.get(at), random);
            }
        }
        byte[] bytes = join(frames);
        for (int left = random.nextInt(4); left > 0 && bytes.length > 0; left--) {
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return bytes;
    }

    private static byte[] cut(byte[] frame, Random random) {
        return Arrays.copyOf(frame, random.nextInt(frame.length + 1));
    }

    // Where lengths and offsets stand, for the most part.
    private static void putEdge(byte[] frame, Random random) {
        if (frame.length < 4) {
            return;
        }
        int at = random.nextInt(frame.length / 4) * 4;
        long value = LENGTHS[random.nextInt(LENGTHS.length)];
        for (int i = 0; i < 4; i++) {
            frame[at + i] = (byte) (value >>> 8 * (3 - i));
        }
    }

    private static byte[] vanished(long number) {
        List<byte[]> frames = valid(new Random(7));
        frames.addFirst(handshake(true));
        frames.set(frames.size() - 1, request(0, CommandType.WRITE, 1, 4096, 600, new byte[600]));
        byte[] all = join(frames);
        return Arrays.copyOf(all, (int) (number % (all.length + 1)));
    }

    private static byte[] options(Random random) {
        List<byte[]> frames = new ArrayList<>();
        frames.add(ByteBuffer.allocate(4).putInt(HandshakeFlag.ALL).array());
        for (int left = random.nextInt(100); left > 0; left--) {
            int type = random.nextInt(14);
            frames.add(
                    random.nextInt(20) == 0
                            ? option(
                                    type,
                                    LENGTHS[random.nextInt(LENGTHS.length)],
                                    new byte[random.nextInt(5000)])
                            : option(type == 2 ? 3 : type, new byte[random.nextInt(40)]));
        }
        return join(frames);
    }

    private static byte[] ranges(Random random) {
        List<byte[]> frames = new ArrayList<>();
        frames.add(handshake(random.nextBoolean()));
        for (int left = 1 + random.nextInt(40); left > 0; left--) {
            int type = random.nextInt(10);
            long offset = OFFSETS[random.nextInt(OFFSETS.length)];
            long length = LENGTHS[random.nextInt(LENGTHS.length)];
            int flags = random.nextInt(4) == 0 ? 1 << random.nextInt(16) : 0;
            boolean isWhole = type == CommandType.WRITE && length <= 65_536;
            if (type == CommandType.WRITE && !isWhole || type == CommandType.DISC) {
                // Its payload would be taken for the requests that follow.
                type = CommandType.BLOCK_STATUS;
            }
            frames.add(
                    request(
                            flags,
                            type,
                            left,
                            offset,
                            length,
                            isWhole ? new byte[(int) length] : NOTHING));
        }
        return join(frames);
    }

    private static byte[] nonReader(Random random) {
        List<byte[]> frames = new ArrayList<>();
        frames.add(handshake(random.nextBoolean()));
        for (int left = 1 + random.nextInt(64); left > 0; left--) {
            frames.add(request(0, CommandType.READ, left, 0, 1 << 20, NOTHING));
        }
        return join(frames);
    }

    private static byte[] halfWrite(Random random) {
        long length = LENGTHS[1 + random.nextInt(LENGTHS.length - 1)];
        byte[] some = new byte[(int) Math.min(length - 1, random.nextInt(100_000))];
        return join(
                List.of(
                        handshake(random.nextBoolean()),
                        request(0, CommandType.WRITE, 1, 0, length, some)));
    }

    private static byte[] stranger(Random random) {
        if (random.nextBoolean()) {
            byte[] noise = new byte[random.nextInt(2000)];
            random.nextBytes(noise);
            return noise;
        }
        return STRANGERS[random.nextInt(STRANGERS.length)].getBytes(StandardCharsets.UTF_8);
    }
}
