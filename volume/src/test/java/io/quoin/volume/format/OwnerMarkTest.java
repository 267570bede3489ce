package io.quoin.volume.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class OwnerMarkTest {
    private static final OwnerMark MARK =
            new OwnerMark(new UUID(1, 2), new UUID(3, 4), "db-host-1", 77, true);

    private static MemorySegment block(OwnerMark mark) {
        MemorySegment block = Samples.block();
        mark.put(block);
        return block;
    }

    @Test
    void theBytesOnDiskAreThoseOfTheAnnotatedDump() throws IOException {
        Dump dump = new Dump(block(MARK));
        dump.field(8, "magic QUOINOWN");
        dump.field(4, "crc32c");
        dump.field(4, "1: is being served");
        dump.field(8, "opening, high");
        dump.field(8, "opening, low");
        dump.field(8, "host, high");
        dump.field(8, "host, low");
        dump.field(8, "count");
        dump.field(16, "name of the host");
        dump.reserved(4096 - 72);
        Golden.check("owner-mark.txt", dump.text());
    }

    @Test
    void saysWhatItWasTold() {
        assertThat(OwnerMark.of(block(MARK))).isEqualTo(MARK);
        OwnerMark odd =
                new OwnerMark(
                        new UUID(-1, 9), new UUID(0, 0), "h\u00e9\n" + "x".repeat(99), -1, false);
        assertThat(odd.hostName()).hasSize(64).startsWith("h??xxx");
        assertThat(OwnerMark.of(block(odd))).isEqualTo(odd);
    }

    @Test
    void aDamagedOneIsNone() {
        assertThat(OwnerMark.of(Samples.block())).isNull();
        for (int byteAt : new int[] {0, 8, 12, 20, 40, 55, 60, 119, 120, 4095}) {
            MemorySegment block = block(MARK);
            byte was = block.get(ValueLayout.JAVA_BYTE, byteAt);
            block.set(ValueLayout.JAVA_BYTE, byteAt, (byte) (was ^ 4));
            assertThat(OwnerMark.of(block)).as("byte " + byteAt).isNull();
        }
    }
}
