package io.quoin.codec.guard;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.codec.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

final class Xxh3Test {
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment digest = Memory.NATIVE.allocate(Xxh3.BYTES);

    private String hex(MemorySegment data, int length) {
        Xxh3.digest(data, 0, length, digest, 0);
        return "%016X %016X".formatted(digest.get(LONG, 0), digest.get(LONG, 8));
    }

    /// The bytes of xxHash's own sanity check. Values for 403, 512, 2048, 2240 and 2367 are published there; all of them are
    /// those of libxxhash 0.8.1.
    @ParameterizedTest
    @CsvSource({
        "241, C5A639ECD2030E5E 99A80ECF0ECFC647",
        "403, CDEB804D65C6DEA4 1B6DE21E332DD73D",
        "512, 617E49599013CB6B 18D2D110DCC9BCA1",
        "1024, DD85C9B5C1109C5C 0D30D24071C64C57",
        "1025, D870C0FA13211C6A FD3EE4FE7F2954C6",
        "2048, DD59E2C3A5F038E0 F736557FD47073A5",
        "2240, 6E73A90539CF2948 CCB134FBFA7CE49D",
        "2367, CB37AEB9E5D361ED E89C0F6FF369B427",
        "4095, 3044187222AB0EFB F69E23CFA8CEA8C3",
        "4096, E91206429D1F48F9 B9CFAEA2CA5626A4",
        "4097, DAC80D543E339451 0C6A7A5F1D0BBB1A",
        "8192, D63690A28889A350 8A3F76FA124FDEFE"
    })
    void thePublishedValuesAgree(int length, String expected) {
        for (Memory memory : Memory.values()) {
            MemorySegment data = memory.allocate(8192);
            long generator = 2_654_435_761L;
            for (int i = 0; i < 8192; i++) {
                data.set(JAVA_BYTE, i, (byte) (generator >>> 56));
                generator *= 0x9E3779B185EBCA8DL;
            }
            assertThat(hex(data, length)).as(memory.name()).isEqualTo(expected);
        }
    }

    @Test
    void aBlockOfZerosAndOneOfOnesHaveTheDigestsOfXxHash() {
        MemorySegment data = Memory.NATIVE.allocate(4096);
        assertThat(hex(data, 4096)).isEqualTo("93D76FE148C689BA 3EE8DC4F9E7EE495");
        data.fill((byte) 0xFF);
        assertThat(hex(data, 4096)).isEqualTo("074CFAC273851DD6 5D26B21D7E0140BD");
    }

    /// The kernels are held against it over many more lengths.
    @Test
    void theReferenceAgreesWithThePublishedValueToo() {
        MemorySegment data = Memory.NATIVE.allocate(4096);
        assertThat(Xxh3Reference.of(data, 0, 4096))
                .containsExactly(0x93D76FE148C689BAL, 0x3EE8DC4F9E7EE495L);
    }

    @Test
    void everySingleFlippedBitOfABlockChangesTheDigestToOneNotSeenBefore() {
        MemorySegment data = Memory.NATIVE.random(4096, 5);
        Set<String> seen = new HashSet<>();
        seen.add(hex(data, 4096));
        for (int bit = 0; bit < 8 * 4096; bit++) {
            byte old = data.get(JAVA_BYTE, bit / 8);
            data.set(JAVA_BYTE, bit / 8, (byte) (old ^ 1 << bit % 8));
            assertThat(seen.add(hex(data, 4096))).as("bit %d", bit).isTrue();
            data.set(JAVA_BYTE, bit / 8, old);
        }
    }

    @Test
    void theDigestGoesWhereItIsAskedForAndNowhereElse() {
        MemorySegment data = Memory.NATIVE.random(4096, 6);
        for (int at = 0; at <= 16; at++) {
            MemorySegment target = Memory.NATIVE.allocate(48);
            Xxh3.digest(data, 0, 4096, target, at);
            long[] expected = Xxh3Reference.of(data, 0, 4096);
            assertThat(target.get(LONG, at)).isEqualTo(expected[0]);
            assertThat(target.get(LONG, at + 8)).isEqualTo(expected[1]);
            target.set(LONG, at, 0);
            target.set(LONG, at + 8, 0);
            assertThat(target.mismatch(Memory.NATIVE.allocate(48))).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void bytesBeyondTheSegmentsAreRefused(Memory memory) {
        MemorySegment data = memory.allocate(4096);
        assertThatThrownBy(() -> Xxh3.digest(data, 1, 4096, digest, 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> Xxh3.digest(data, -1, 4096, digest, 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> Xxh3.digest(data, 0, 4096, digest, 1))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }
}
