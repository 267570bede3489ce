package io.quoin.volume.member;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

/// Finds out whether a blank file or device would do as a member: writes durably at places spread over all of it, times that,
/// reads everything back, and leaves zeros.
///
/// ```
/// 0       1 MiB                                                    length - 1 MiB   length
/// | untouched | place 0 |  ...  | place 1 |  ...  ...  | place 31 |      untouched     |
///             | 4 KiB, timed | 1 MiB, timed |
/// ```
///
/// All is written before anything is read, so that a write that went astray is found wherever it went. Each block of 4 KiB
/// says where it belongs and of which drill it is. What tells whether a member is blank lies in the first and last MiB,
/// which are left alone: a drill that ends anywhere, by a crash too, leaves a blank member blank as far as anybody looks. Its
/// places are the same each time, so a sparse file grows but once.
///
/// A drill that ends by itself clears its places, after a failure too, as far as the member takes it within a few seconds. One that is
/// stopped leaves off at once, and one that dies has no choice: up to 33 MiB of its bytes stay in the places. The next drill
/// clears them; who takes the member clears what would mean something to its volume, and never reads the rest before it was written.
///
/// One thread, which waits for the device.
public final class MemberDrill {
    /// What is left alone at the beginning and at the end, bytes.
    public static final int MARGIN_BYTES = 1 << 20;

    private static final int PLACES = 32;
    private static final int BLOCK = 4096;
    private static final int LARGE_BYTES = 1 << 20;
    private static final int PLACE_BYTES = BLOCK + LARGE_BYTES;

    /// What clearing may take when the limit is over.
    private static final long GRACE_NANOS = 3_000_000_000L;

    private static final long LEAST_BYTES = 2L * MARGIN_BYTES + PLACE_BYTES;
    private static final long ODD = 0x9E37_79B9_7F4A_7C15L;
    private static final ValueLayout.OfLong WORD =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

    static {
        assert MARGIN_BYTES % BLOCK == 0 && PLACE_BYTES % BLOCK == 0;
    }

    /// How a drill ended.
    public sealed interface Result permits Passed, Failed, Stopped {}

    /// All was read back as it was written.
    ///
    /// @param medianNanos median of the durable writes of 4 KiB
    /// @param slowestNanos slowest of them
    /// @param bytesPerSecond pace of the durable writes of 1 MiB, one after the other
    /// @param isCached whether what was read may have come from the host's page cache: it proves nothing then
    public record Passed(long medianNanos, long slowestNanos, long bytesPerSecond, boolean isCached)
            implements Result {}

    /// It would not do as a member.
    ///
    /// @param reason what happened, where, what was expected and what was found
    public record Failed(String reason) implements Result {}

    /// It was stopped before there was anything to say.
    public record Stopped() implements Result {}

    private final BlockFile file;
    private final long id;
    private final long limitNanos;
    private final LongSupplier nanoClock;
    private final BooleanSupplier isStopped;

    private final long roomBytes;
    private final int placeCount;
    private final long[] smallNanos;
    private long largeNanos;
    private long startNanos;

    /// A drill that waits to be run.
    ///
    /// @param file the member, blank; closed by the caller
    /// @param id tells this drill's bytes from those of others
    /// @param limitNanos a member that needs more in all is too slow
    /// @param nanoClock a clock that does not jump
    /// @param isStopped asked before each operation: whether to leave off
    public MemberDrill(
            BlockFile file,
            long id,
            long limitNanos,
            LongSupplier nanoClock,
            BooleanSupplier isStopped) {
        this.file = file;
        this.id = id;
        this.limitNanos = limitNanos;
        this.nanoClock = nanoClock;
        this.isStopped = isStopped;
        roomBytes = file.lengthBytes() / BLOCK * BLOCK - 2L * MARGIN_BYTES;
        placeCount = Math.clamp(roomBytes / PLACE_BYTES, 0, PLACES);
        smallNanos = new long[placeCount];
    }

    /// {@return where a place begins; places do not overlap, the first and the last touch the margins}
    ///
    /// @param place 0 to the number of places - 1
    private long offsetOf(int place) {
        assert place >= 0 && place < placeCount : "place=" + place;
        long blocks = (roomBytes - PLACE_BYTES) / BLOCK;
        return MARGIN_BYTES + (placeCount == 1 ? 0 : blocks * place / (placeCount - 1) * BLOCK);
    }

    /// Runs it, once.
    ///
    /// @return how it ended
    public Result run() {
        if (placeCount == 0) {
            return new Failed(
                    "too small: expected at least "
                            + LEAST_BYTES
                            + " bytes, found "
                            + file.lengthBytes());
        }
        startNanos = nanoClock.getAsLong();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment wanted = arena.allocate(PLACE_BYTES, BLOCK);
            MemorySegment found = arena.allocate(PLACE_BYTES, BLOCK);
            Result trouble = write(wanted);
            if (trouble == null) {
                trouble = readBack(wanted, found);
            }
            // Also after a failure, as far as the device takes it: the spare may be removed, and be
            // put to some other use. Not when it was stopped: somebody waits for it.
            Result uncleared = clear(wanted.fill((byte) 0));
            if (trouble == null) {
                trouble = uncleared;
            }
            return trouble == null ? passed() : trouble;
        }
    }

    private Passed passed() {
        Arrays.sort(smallNanos);
        long bytes = (long) placeCount * LARGE_BYTES;
        return new Passed(
                smallNanos[placeCount / 2],
                smallNanos[placeCount - 1],
                bytes * 1_000_000_000L / Math.max(1, largeNanos),
                file.isCached());
    }

    /// {@return why to leave off, or null}
    private Result pause(String what, int place) {
        if (isStopped.getAsBoolean()) {
            return new Stopped();
        }
        long nanos = elapsedNanos();
        return nanos <= limitNanos ? null : tooSlow(nanos, what, place);
    }

    private long elapsedNanos() {
        return nanoClock.getAsLong() - startNanos;
    }

    private Failed tooSlow(long nanos, String what, int place) {
        return new Failed(
                "too slow: expected an end within "
                        + limitNanos / 1_000_000
                        + " ms, came after "
                        + nanos / 1_000_000
                        + " ms to "
                        + what
                        + " place "
                        + (place + 1)
                        + " of "
                        + placeCount);
    }

    private Result write(MemorySegment wanted) {
        for (int place = 0; place < placeCount; place++) {
            Result left = pause("writing", place);
            if (left != null) {
                return left;
            }
            long at = offsetOf(place);
            fill(wanted, at);
            long begin = nanoClock.getAsLong();
            IoResult result = file.write(wanted, 0, BLOCK, at, true);
            long middle = nanoClock.getAsLong();
            if (!result.isOk()) {
                return failed("write", BLOCK, at, result);
            }
            result = file.write(wanted, BLOCK, LARGE_BYTES, at + BLOCK, true);
            smallNanos[place] = middle - begin;
            largeNanos += nanoClock.getAsLong() - middle;
            if (!result.isOk()) {
                return failed("write", LARGE_BYTES, at + BLOCK, result);
            }
        }
        return flush();
    }

    private Result readBack(MemorySegment wanted, MemorySegment found) {
        for (int place = 0; place < placeCount; place++) {
            Result left = pause("reading", place);
            if (left != null) {
                return left;
            }
            long at = offsetOf(place);
            IoResult result = file.read(found, 0, PLACE_BYTES, at);
            if (!result.isOk()) {
                return failed("read", PLACE_BYTES, at, result);
            }
            fill(wanted, at);
            long wrong = wanted.mismatch(found);
            if (wrong >= 0) {
                return new Failed(describe(wanted, found, wrong, at));
            }
        }
        return null;
    }

    private Result clear(MemorySegment zeros) {
        long mostNanos = Math.max(limitNanos, elapsedNanos()) + GRACE_NANOS;
        Result late = null;
        for (int place = 0; place < placeCount; place++) {
            Result left = pause("clearing", place);
            if (left instanceof Stopped) {
                return left;
            }
            if (late == null) {
                late = left;
            }
            if (late != null && elapsedNanos() > mostNanos) {
                return late;
            }
            IoResult result = file.clear(zeros, offsetOf(place), PLACE_BYTES);
            if (!result.isOk()) {
                return failed("clear", PLACE_BYTES, offsetOf(place), result);
            }
        }
        Result unflushed = flush();
        return unflushed != null ? unflushed : late;
    }

    private Result flush() {
        IoResult result = file.flush();
        return switch (result) {
            case OK -> null;
            case SHORT -> new Failed("flush: the file is shorter than it was when it was opened");
            case ERROR, NO_SPACE, CLOSED, NO_ANSWER -> new Failed("flush: " + words(result));
        };
    }

    private static Failed failed(String what, int lengthBytes, long offset, IoResult result) {
        return new Failed(
                what + " of " + lengthBytes + " bytes at offset " + offset + ": " + words(result));
    }

    private static String words(IoResult result) {
        return switch (result) {
            case OK -> throw new AssertionError(result);
            case ERROR -> "I/O error";
            case NO_SPACE -> "no space left";
            case SHORT -> "fewer bytes are there: it was cut short";
            case CLOSED -> "closed";
            case NO_ANSWER -> "no answer";
        };
    }

    /// Makes the bytes of a place: each block begins with the drill's id and its own offset, the rest follows from both.
    private void fill(MemorySegment target, long offset) {
        for (long i = 0; i < target.byteSize(); i += BLOCK) {
            fillBlock(target, i, id, offset + i);
        }
    }

    private static void fillBlock(MemorySegment target, long from, long drill, long offset) {
        target.set(WORD, from, drill);
        target.set(WORD, from + Long.BYTES, offset);
        for (long i = 2 * Long.BYTES; i < BLOCK; i += Long.BYTES) {
            long mixed = (drill + offset + i) * ODD;
            target.set(WORD, from + i, mixed ^ mixed >>> 32);
        }
    }

    private String describe(MemorySegment wanted, MemorySegment found, long wrong, long offset) {
        long word = wrong / Long.BYTES * Long.BYTES;
        return String.format(
                Locale.ROOT,
                "wrong bytes at offset %d: expected %016x, found %016x%s",
                offset + word,
                Long.reverseBytes(wanted.get(WORD, word)),
                Long.reverseBytes(found.get(WORD, word)),
                origin(
                        found.asSlice(wrong / BLOCK * BLOCK, BLOCK),
                        offset + wrong / BLOCK * BLOCK));
    }

    /// {@return where the bytes of a wrong block come from, if that can be told}
    private String origin(MemorySegment block, long offset) {
        MemorySegment other = MemorySegment.ofArray(new long[BLOCK / Long.BYTES]);
        if (other.mismatch(block) < 0) {
            return " (zeros: the write was lost)";
        }
        long drill = block.get(WORD, 0);
        long belongs = block.get(WORD, Long.BYTES);
        fillBlock(other, 0, drill, belongs);
        if (other.mismatch(block) >= 0) {
            return "";
        }
        if (belongs != offset) {
            return " (the bytes of offset " + belongs + ": a write or a read went astray)";
        }
        return " (those of an earlier drill: the write was lost)";
    }
}
