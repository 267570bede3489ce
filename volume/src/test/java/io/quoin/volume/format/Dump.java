package io.quoin.volume.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.geometry.Geometry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A block on disk as bytes with a word on each field.
final class Dump {
    private final MemorySegment block;
    private final StringBuilder text = new StringBuilder();
    private int at;

    Dump(MemorySegment block) {
        this.block = block;
    }

    void field(int bytes, String what) {
        StringBuilder hex = new StringBuilder();
        for (int i = 0; i < bytes; i++) {
            int b = block.get(ValueLayout.JAVA_BYTE, at + i) & 0xFF;
            hex.append(i > 0 ? " " : "").append(String.format("%02x", b));
        }
        text.append(String.format("%04d  %-95s # %s%n", at, hex, what));
        at += bytes;
    }

    void reserved(int bytes) {
        for (int i = 0; i < bytes; i++) {
            assertThat(block.get(ValueLayout.JAVA_BYTE, at + i)).isZero();
        }
        text.append(String.format("%04d  %-95s # %d bytes of zeros%n", at, "00 ...", bytes));
        at += bytes;
    }

    String text() {
        assertThat(at).isEqualTo(Geometry.BLOCK_BYTES);
        return text.toString();
    }
}
