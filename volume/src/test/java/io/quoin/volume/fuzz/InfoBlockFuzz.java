package io.quoin.volume.fuzz;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.quoin.codec.guard.Crc32c;
import io.quoin.fuzz.FuzzTarget;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.InfoBlock;
import io.quoin.volume.geometry.Geometry;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/// An info block whose CRC is right: every record can be read whatever it says, a generation vector
/// written again is the same, and judging the block leaves it as it was.
public final class InfoBlockFuzz implements FuzzTarget {
    private static final int TAG = 0x22;

    // One of each width of a vector's elements, and the most of that width.
    private static final int[] DATA_COUNTS = {1, 4, 5, 6, 8, 10, 16, 32};

    @Override
    public String name() {
        return "info-block";
    }

    @Override
    public List<byte[]> seeds() {
        byte[] image = new byte[Geometry.BLOCK_BYTES];
        MemorySegment block = MemorySegment.ofArray(image);
        for (int i = 0; i < Geometry.ROWS_PER_INFO; i++) {
            long at = InfoBlock.record(0, i);
            BlockInfo.set(block, at, i % 5, i, 1000 + i);
            if (i % 5 == BlockInfo.PARITY) {
                BlockInfo.setVector(block, at, 0, 4, 1000);
                BlockInfo.setVector(block, at, 3, 4, -1);
            }
        }
        InfoBlock.stamp(block, 0, TAG, 7, 1, 2, 3);
        return List.of(image, new byte[1]);
    }

    @Override
    public void run(byte[] input) {
        byte[] image = Arrays.copyOf(input, Geometry.BLOCK_BYTES);
        MemorySegment block = MemorySegment.ofArray(image);
        var little = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        block.set(little, 8, 0);
        block.set(little, 8, Crc32c.of(block, 0, Geometry.BLOCK_BYTES));
        byte[] before = image.clone();
        boolean isValid = InfoBlock.isValid(block, 0, TAG, 7, 1, 2);
        boolean isBlank = InfoBlock.isBlank(block, 0);
        if (isValid && isBlank || !Arrays.equals(before, image)) {
            throw new AssertionError("valid " + isValid + ", blank " + isBlank);
        }
        InfoBlock.checkpoint(block, 0);
        for (int i = 0; i < Geometry.ROWS_PER_INFO; i++) {
            expectReadable(block, InfoBlock.record(0, i));
        }
        if (!Arrays.equals(before, image)) {
            throw new AssertionError("a vector that was written again is another");
        }
    }

    private static void expectReadable(MemorySegment block, long at) {
        boolean isContentless = BlockInfo.isContentless(block, at);
        int type = BlockInfo.type(block, at);
        if (isContentless && (type == BlockInfo.DATA || type == BlockInfo.PARITY)) {
            throw new AssertionError("type " + type);
        }
        Guard.ofCode(BlockInfo.guard(block, at));
        BlockInfo.reference(block, at);
        BlockInfo.generation(block, at);
        for (int k : DATA_COUNTS) {
            for (int position = 0; position < k; position++) {
                long element = BlockInfo.vector(block, at, position, k);
                if (BlockInfo.truncate(element, k) != element) {
                    throw new AssertionError("k " + k + ", element " + element);
                }
                BlockInfo.setVector(block, at, position, k, element);
            }
        }
    }
}
