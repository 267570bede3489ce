package io.quoin.volume.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.BitSet;
import org.junit.jupiter.api.Test;

final class MemberLayoutTest {
    private static final long MIB = 1 << 20;

    @Test
    void nothingOverlapsOnASmallMember() {
        MemberLayout layout =
                new MemberLayout(2 * MIB + 64 * 1024, 68 << 10, 32_768, 4, 200 << 10, 64, 6);
        BitSet taken = new BitSet();
        take(taken, 0, 4096); // label
        for (int copy = 0; copy < 4; copy++) {
            take(taken, layout.superblockOffset(copy), 4096);
        }
        for (int slot = 0; slot < layout.segmentSlots(); slot++) {
            take(taken, layout.segmentOffset(slot), layout.segmentBytes());
        }
        for (long block = 0; block < layout.dataBlocks(); block++) {
            take(taken, layout.dataOffset(block), 4096);
        }
        for (long info = 0; info < layout.dataBlocks() / 32; info++) {
            take(taken, layout.infoOffset(info, 0), 4096);
            take(taken, layout.infoOffset(info, 1), 4096);
        }
        assertThat(taken.length() * 4096L).isLessThanOrEqualTo(layout.memberBytes());
    }

    private static void take(BitSet taken, long offset, int bytes) {
        for (long at = offset; at < offset + bytes; at += 4096) {
            assertThat(at % 4096).isZero();
            assertThat(taken.get((int) (at / 4096))).as("offset %d twice", at).isFalse();
            taken.set((int) (at / 4096));
        }
    }

    @Test
    void theSmallestMemberIsNamedAndIsEnough() {
        long least = 16 * MIB + 64 * MIB + 64 * 1024 + MemberLayout.zoneBytes(256);
        assertThatThrownBy(() -> MemberLayout.forMember(least - 1, 1))
                .hasMessage(
                        "member size: expected at least "
                                + least
                                + " bytes (journal and one zone), was "
                                + (least - 1));
        MemberLayout layout = MemberLayout.forMember(least, 1);
        assertThat(layout.zoneCount()).isEqualTo(1);
        assertThat(layout.zoneBlocks()).isEqualTo(256);
        assertThat(layout.segmentSlots()).isEqualTo(8);
    }

    @Test
    void theJournalIsASixteenthBetween64MibAnd1Gib() {
        assertThat(slots(200 * MIB)).isEqualTo(8);
        assertThat(slots(1024 * MIB)).isEqualTo(8);
        assertThat(slots(4096 * MIB)).isEqualTo(32);
        assertThat(slots(16_384 * MIB)).isEqualTo(128);
        assertThat(slots(1L << 44)).isEqualTo(128);
        assertThat(MemberLayout.forMember(1024 * MIB, 13).segmentSlots()).isEqualTo(13);
    }

    private static int slots(long bytes) {
        return MemberLayout.forMember(bytes, 1).segmentSlots();
    }

    @Test
    void membersOfEverySizeAreUsedToTheLastZoneThatFits() {
        for (long bytes = 82 * MIB; bytes < 1L << 45; bytes += bytes / 7 + 12_345) {
            MemberLayout layout = MemberLayout.forMember(bytes, 1);
            long end =
                    layout.zonesOffset()
                            + layout.zoneCount() * MemberLayout.zoneBytes(layout.zoneBlocks());
            long left = bytes - MemberLayout.END_BYTES - end;
            assertThat(left).isBetween(0L, MemberLayout.zoneBytes(layout.zoneBlocks()) + 4095);
            assertThat(layout.memberBytes()).isEqualTo(bytes / 4096 * 4096);
            assertThat(layout.superblockOffset(2)).isGreaterThanOrEqualTo(end);
        }
    }

    @Test
    void whatIsOutOfRangeIsNamedWithWhatWasExpected() {
        expect("member bytes: expected a multiple of 4096, was 4097", 4097, 68 << 10, 32_768, 4);
        expect(
                "journal offset: expected 69632 to 4194304, was 65536",
                4 * MIB,
                64 << 10,
                32_768,
                4);
        expect(
                "segment bytes: expected 32768 to 67108864, was 28672",
                4 * MIB,
                68 << 10,
                28_672,
                4);
        expect("segment slots: expected 4 to 4096, was 3", 4 * MIB, 68 << 10, 32_768, 3);
        expect(
                "zones offset: expected 397312 to 4194304, was 262144",
                4 * MIB,
                68 << 10,
                32_768,
                10);
        assertThatThrownBy(() -> new MemberLayout(4 * MIB, 68 << 10, 32_768, 4, 256 << 10, 48, 1))
                .hasMessage("zone blocks: expected a multiple of 32, was 48");
        assertThatThrownBy(() -> new MemberLayout(4 * MIB, 68 << 10, 32_768, 4, 256 << 10, 64, 0))
                .hasMessage("zones: expected 1 to 2147483647, was 0");
        assertThatThrownBy(() -> new MemberLayout(4 * MIB, 68 << 10, 32_768, 4, 256 << 10, 64, 99))
                .hasMessageStartingWith("end of zones: expected 0 to 4128768, was ");
    }

    private static void expect(String message, long bytes, long journal, int segment, int slots) {
        assertThatThrownBy(() -> new MemberLayout(bytes, journal, segment, slots, 256 << 10, 64, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void theNumbersOfAHugeZoneCountDoNotOverflow() {
        assertThatThrownBy(() ->
                        new MemberLayout(
                                1L << 40,
                                68 << 10,
                                32_768,
                                4,
                                256 << 10,
                                1 << 20,
                                Integer.MAX_VALUE))
                .hasMessageStartingWith("end of zones: expected 0 to ");
    }
}
