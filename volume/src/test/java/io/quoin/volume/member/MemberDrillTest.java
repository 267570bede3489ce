package io.quoin.volume.member;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.volume.MemoryFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Drills of members in memory that lie, lose and fail.
final class MemberDrillTest {
    private static final int MIB = 1 << 20;
    private static final int PLACE_BYTES = MIB + 4096;
    private static final long LENGTH = 64L * MIB;
    private static final int WRITES = 64;
    private static final int READS = 32;
    private static final long LIMIT_NANOS = 1_000_000_000;

    private final AtomicLong nanos = new AtomicLong();

    /// A member with a fault; counts what is done to it, and notes where it is written.
    private static class Faulty implements BlockFile {
        final MemoryFile file;
        final List<long[]> written = new ArrayList<>();
        int reads;
        int clears;
        int flushes;

        Faulty(MemoryFile file) {
            this.file = file;
        }

        Faulty() {
            this(new MemoryFile("s0", LENGTH));
        }

        @Override
        public String name() {
            return file.name();
        }

        @Override
        public long lengthBytes() {
            return file.lengthBytes();
        }

        @Override
        public IoResult read(MemorySegment target, long targetOffset, int length, long offset) {
            reads++;
            return file.read(target, targetOffset, length, offset);
        }

        @Override
        public IoResult write(
                MemorySegment source, long sourceOffset, int length, long offset, boolean durable) {
            assertThat(durable).isTrue();
            written.add(new long[] {offset, length});
            return file.write(source, sourceOffset, length, offset, true);
        }

        @Override
        public IoResult clear(MemorySegment zeros, long offset, long length) {
            clears++;
            return file.clear(zeros, offset, length);
        }

        @Override
        public IoResult flush() {
            flushes++;
            return file.flush();
        }

        @Override
        public void close() {}
    }

    private MemberDrill.Result drill(BlockFile file) {
        return drill(file, 77, Integer.MAX_VALUE);
    }

    private MemberDrill.Result drill(BlockFile file, long id, int operations) {
        int[] left = {operations};
        return new MemberDrill(
                        file, id, LIMIT_NANOS, () -> nanos.addAndGet(1000), () -> left[0]-- <= 0)
                .run();
    }

    private static long place(int index) {
        return MIB + (LENGTH - 2L * MIB - PLACE_BYTES) / 4096 * index / 31 * 4096;
    }

    private static String reason(MemberDrill.Result result) {
        assertThat(result).isInstanceOf(MemberDrill.Failed.class);
        return ((MemberDrill.Failed) result).reason();
    }

    private static void assertZeros(MemoryFile file, long from, long to) {
        MemorySegment page = Arena.ofAuto().allocate(4096, 4096);
        byte[] zeros = new byte[4096];
        for (long at = from; at < to; at += 4096) {
            assertThat(file.read(page, 0, 4096, at)).isEqualTo(IoResult.OK);
            assertThat(page.mismatch(MemorySegment.ofArray(zeros)))
                    .as("offset " + at)
                    .isEqualTo(-1);
        }
    }

    @Test
    void aGoodMemberIsWrittenFromEndToEndAndLeftAsZeros() {
        Faulty file = new Faulty();
        MemberDrill.Result result = drill(file);
        // The clock goes on by a microsecond whenever it is asked.
        assertThat(result)
                .isEqualTo(new MemberDrill.Passed(1000, 1000, 1_000_000_000L / 1000 * MIB, false));
        assertThat(file.written).hasSize(WRITES);
        assertThat(file.reads).isEqualTo(READS);
        assertThat(file.flushes).isEqualTo(2);
        assertThat(file.written.getFirst()).containsExactly(MIB, 4096);
        assertThat(file.written.getLast()).containsExactly(LENGTH - 2L * MIB, MIB);
        assertZeros(file.file, 0, LENGTH);
    }

    @ParameterizedTest
    @ValueSource(
            longs = {
                2 * MIB + PLACE_BYTES,
                2 * MIB + 2 * PLACE_BYTES - 1,
                2 * MIB + 2 * PLACE_BYTES,
                10 * MIB + 511,
                2 * MIB + 32 * PLACE_BYTES,
                2 * MIB + 32 * PLACE_BYTES + 4095,
                2 * MIB + 33L * PLACE_BYTES,
                1L << 40
            })
    void placesLieSideBySideBetweenTheMargins(long length) {
        Faulty file = new Faulty(new MemoryFile("s0", length));
        assertThat(drill(file)).isInstanceOf(MemberDrill.Passed.class);
        long end = MIB;
        for (long[] each : file.written) {
            assertThat(each[0]).isGreaterThanOrEqualTo(end);
            assertThat(each[0] % 4096).isZero();
            end = each[0] + each[1];
        }
        assertThat(end).isLessThanOrEqualTo(length - MIB);
        long places = Math.min(32, (length / 4096 * 4096 - 2 * MIB) / PLACE_BYTES);
        assertThat(file.written).hasSize((int) (2 * places));
        assertThat(file.written.getFirst()[0]).isEqualTo(MIB);
        assertThat(places == 1 || end == length / 4096 * 4096 - MIB).isTrue();
    }

    @Test
    void whatIsTooSmallIsNotWritten() {
        Faulty file = new Faulty(new MemoryFile("s0", 2 * MIB + PLACE_BYTES - 1));
        assertThat(reason(drill(file)))
                .isEqualTo("too small: expected at least 3149824 bytes, found 3149823");
        assertThat(file.written).isEmpty();
        assertThat(drill(new MemoryFile("s1", 0))).isInstanceOf(MemberDrill.Failed.class);
    }

    @Test
    void aBitThatFlipsOnTheWayBackIsNamed() {
        Faulty file =
                new Faulty() {
                    @Override
                    public IoResult read(
                            MemorySegment target, long targetOffset, int length, long offset) {
                        if (reads == 7) {
                            this.file.flip(offset + 4096 + 19, 3);
                        }
                        return super.read(target, targetOffset, length, offset);
                    }
                };
        String found = reason(drill(file));
        assertThat(found)
                .matches(
                        "wrong bytes at offset "
                                + (place(7) + 4096 + 16)
                                + ": expected [0-9a-f]{16}, found [0-9a-f]{16}");
        String expected = found.replaceAll(".*expected (\\w+),.*", "$1");
        String was = found.replaceAll(".*found (\\w+)", "$1");
        assertThat(Long.parseUnsignedLong(expected, 16) ^ Long.parseUnsignedLong(was, 16))
                .isEqualTo(0x08L << 32);
        assertZeros(file.file, 0, LENGTH);
    }

    @Test
    void aLostWriteIsNamedAlsoWhereAnEarlierDrillWasCutShort() {
        Faulty loses = losing(new MemoryFile("s0", LENGTH));
        assertThat(reason(drill(loses)))
                .startsWith("wrong bytes at offset " + (place(4) + 4096) + ": expected ")
                .endsWith("found 0000000000000000 (zeros: the write was lost)");

        MemoryFile cutShort = new MemoryFile("s1", LENGTH);
        assertThat(drill(cutShort, 76, 30)).isEqualTo(new MemberDrill.Stopped());
        assertThat(reason(drill(losing(cutShort))))
                .endsWith("(those of an earlier drill: the write was lost)");
    }

    private static Faulty losing(MemoryFile file) {
        return new Faulty(file) {
            @Override
            public IoResult write(
                    MemorySegment source,
                    long sourceOffset,
                    int length,
                    long offset,
                    boolean durable) {
                boolean isLost = offset == place(4) + 4096;
                return isLost
                        ? IoResult.OK
                        : super.write(source, sourceOffset, length, offset, durable);
            }
        };
    }

    @Test
    void aWriteThatWentAstrayIsNamedWhereItWent() {
        Faulty file =
                new Faulty() {
                    @Override
                    public IoResult write(
                            MemorySegment source,
                            long sourceOffset,
                            int length,
                            long offset,
                            boolean durable) {
                        long to = offset == place(20) ? place(3) + 8192 : offset;
                        return super.write(source, sourceOffset, length, to, durable);
                    }
                };
        assertThat(reason(drill(file)))
                .startsWith("wrong bytes at offset " + (place(3) + 8192 + Long.BYTES))
                .contains("(the bytes of offset " + place(20) + ": a write or a read went astray)");
    }

    @Test
    void errorsAreNamed() {
        assertThat(reason(drill(failing("write", 3, IoResult.ERROR))))
                .isEqualTo("write of 1048576 bytes at offset " + (place(1) + 4096) + ": I/O error");
        assertThat(reason(drill(failing("write", 4, IoResult.NO_SPACE))))
                .isEqualTo("write of 4096 bytes at offset " + place(2) + ": no space left");
        assertThat(reason(drill(failing("read", 31, IoResult.SHORT))))
                .isEqualTo(
                        "read of 1052672 bytes at offset "
                                + place(31)
                                + ": fewer bytes are there: it was cut short");
        assertThat(reason(drill(failing("flush", 0, IoResult.ERROR))))
                .isEqualTo("flush: I/O error");
        assertThat(reason(drill(failing("flush", 1, IoResult.SHORT))))
                .isEqualTo("flush: the file is shorter than it was when it was opened");
        assertThat(reason(drill(failing("clear", 5, IoResult.ERROR))))
                .isEqualTo("clear of 1052672 bytes at offset " + place(5) + ": I/O error");
    }

    private static Faulty failing(String kind, int index, IoResult result) {
        return new Faulty() {
            private boolean isDue(String which, int count) {
                return kind.equals(which) && index == count;
            }

            @Override
            public IoResult read(MemorySegment target, long targetOffset, int length, long at) {
                boolean isDue = isDue("read", reads);
                IoResult usual = super.read(target, targetOffset, length, at);
                return isDue ? result : usual;
            }

            @Override
            public IoResult write(
                    MemorySegment source, long sourceOffset, int length, long at, boolean durable) {
                boolean isDue = isDue("write", written.size());
                IoResult usual = super.write(source, sourceOffset, length, at, durable);
                return isDue ? result : usual;
            }

            @Override
            public IoResult clear(MemorySegment zeros, long offset, long length) {
                boolean isDue = isDue("clear", clears);
                IoResult usual = super.clear(zeros, offset, length);
                return isDue ? result : usual;
            }

            @Override
            public IoResult flush() {
                boolean isDue = isDue("flush", flushes);
                IoResult usual = super.flush();
                return isDue ? result : usual;
            }
        };
    }

    @Test
    void oneThatTakesTooLongIsTooSlow() {
        Faulty file =
                new Faulty() {
                    @Override
                    public IoResult read(
                            MemorySegment target, long targetOffset, int length, long offset) {
                        nanos.addAndGet(LIMIT_NANOS / 10);
                        return super.read(target, targetOffset, length, offset);
                    }
                };
        assertThat(reason(drill(file)))
                .startsWith(
                        "too slow: expected an end within 1000 ms, came after 1000 ms to reading place 11 of 32");
        assertThat(file.clears).isEqualTo(READS);
        assertZeros(file.file, 0, LENGTH);
    }

    @Test
    void clearingThatTakesTooLongIsLeftOffInTheEnd() {
        Faulty file =
                new Faulty() {
                    @Override
                    public IoResult clear(MemorySegment zeros, long offset, long length) {
                        nanos.addAndGet(LIMIT_NANOS);
                        return super.clear(zeros, offset, length);
                    }
                };
        assertThat(reason(drill(file))).contains("came after 1000 ms to clearing place 2 of 32");
        assertThat(file.clears).isEqualTo(4); // the limit, and three seconds
    }

    @Test
    void oneThatIsStoppedIsNotTouchedAnyMore() {
        Faulty file = new Faulty();
        assertThat(drill(file, 1, 40)).isEqualTo(new MemberDrill.Stopped());
        assertThat(file.written).hasSize(WRITES);
        assertThat(file.clears).isZero();
    }

    @Test
    void whatIsReadFromTheCacheIsSaidToBe() {
        Faulty file =
                new Faulty() {
                    @Override
                    public boolean isCached() {
                        return true;
                    }
                };
        assertThat(((MemberDrill.Passed) drill(file)).isCached()).isTrue();
    }

    /// Goal: a drill that is stopped or dies anywhere leaves a blank member, and the next one clears what it has left. Method:
    /// stop before each operation, and die in the midst of each write; margins must hold what they held.
    @Test
    void aDrillThatEndsAnywhereLeavesTheMarginsAlone() {
        for (int operation = 0; operation < 96; operation += 5) {
            Faulty file = new Faulty();
            assertThat(drill(file, 1, operation)).isEqualTo(new MemberDrill.Stopped());
            checkMarginsAndDrillAgain(file.file);
        }
        for (int write = 0; write < WRITES; write += 7) {
            int last = write;
            Faulty file =
                    new Faulty() {
                        @Override
                        public IoResult write(
                                MemorySegment source,
                                long sourceOffset,
                                int length,
                                long offset,
                                boolean durable) {
                            if (written.size() == last) {
                                super.write(source, sourceOffset, 4096, offset, durable);
                                throw new IllegalStateException("crash");
                            }
                            return super.write(source, sourceOffset, length, offset, durable);
                        }
                    };
            assertThatThrownBy(() -> drill(file)).hasMessage("crash");
            checkMarginsAndDrillAgain(file.file);
        }
    }

    private void checkMarginsAndDrillAgain(MemoryFile file) {
        assertZeros(file, 0, MIB);
        assertZeros(file, LENGTH - MIB, LENGTH);
        assertThat(drill(file)).isInstanceOf(MemberDrill.Passed.class);
        assertZeros(file, 0, LENGTH);
    }
}
