package io.quoin.codec;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/// The two kinds of memory that kernels meet, filled at random.
public enum Memory {
    NATIVE {
        @Override
        public MemorySegment allocate(int bytes) {
            return Arena.ofAuto().allocate(bytes, 4096);
        }
    },
    HEAP {
        @Override
        public MemorySegment allocate(int bytes) {
            return MemorySegment.ofArray(new byte[bytes]);
        }
    };

    public abstract MemorySegment allocate(int bytes);

    public MemorySegment random(int bytes, long seed) {
        return randomize(allocate(bytes), seed);
    }

    public static MemorySegment randomize(MemorySegment segment, long seed) {
        byte[] bytes = new byte[(int) segment.byteSize()];
        new Random(seed).nextBytes(bytes);
        MemorySegment.copy(bytes, 0, segment, JAVA_BYTE, 0, bytes.length);
        return segment;
    }
}
