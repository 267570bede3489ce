package io.quoin.volume.format;

import static io.quoin.volume.format.BlockInfo.INT;
import static io.quoin.volume.format.BlockInfo.LONG;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.quoin.codec.guard.Crc32c;
import io.quoin.volume.geometry.Geometry;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/// Who serves a member that several hosts can reach. There are two: the claim, block 2 of the member, is written once when a volume is
/// opened, and the last one counts; the beat, block 3, is written each second and says that its writer lives. Zeros where nobody ever did.
///
/// ```
///   0  u64  "QUOINOWN"
///   8  u32  CRC-32C of the block with this field zero
///  12  u32  1: is being served; 0: was let go of in order
///  16  16 B opening: another one each time a volume is opened
///  32  16 B host
///  48  u64  count: of a beat one more each time; of a claim 0
///  56  64 B name of the host, ASCII, padded with zeros
/// ```
///
/// @param opening which opening of a volume
/// @param host which host, or rather whose state directory on it
/// @param hostName for operators
/// @param count beats
/// @param isServed whether the volume is served
public record OwnerMark(UUID opening, UUID host, String hostName, long count, boolean isServed) {
    /// Where the claim stands on the member.
    public static final long CLAIM_OFFSET = 2L * Geometry.BLOCK_BYTES;

    /// Where the beat stands.
    public static final long BEAT_OFFSET = 3L * Geometry.BLOCK_BYTES;

    private static final long MAGIC = 0x4e574f4e494f5551L; // "QUOINOWN"
    private static final int CRC = 8;
    private static final int SERVED = 12;
    private static final int OPENING = 16;
    private static final int HOST = 32;
    private static final int COUNT = 48;
    private static final int NAME = 56;
    private static final int NAME_BYTES = 64;

    /// Cuts the name, and leaves of it what ASCII prints.
    public OwnerMark {
        String plain = hostName.replaceAll("[^!-~]", "?");
        hostName = plain.substring(0, Math.min(plain.length(), NAME_BYTES));
    }

    /// Writes it.
    ///
    /// @param block a block of zeros
    public void put(MemorySegment block) {
        block.set(LONG, 0, MAGIC);
        block.set(INT, SERVED, isServed ? 1 : 0);
        put(block, OPENING, opening);
        put(block, HOST, host);
        block.set(LONG, COUNT, count);
        byte[] name = hostName.getBytes(StandardCharsets.US_ASCII);
        MemorySegment.copy(name, 0, block, JAVA_BYTE, NAME, name.length);
        block.set(INT, CRC, Crc32c.of(block, 0, Geometry.BLOCK_BYTES));
    }

    /// {@return the mark in a block, or null when there is none, or a damaged one}
    ///
    /// @param block the block; its CRC is zeroed
    public static OwnerMark of(MemorySegment block) {
        int crc = block.get(INT, CRC);
        block.set(INT, CRC, 0);
        if (block.get(LONG, 0) != MAGIC || Crc32c.of(block, 0, Geometry.BLOCK_BYTES) != crc) {
            return null;
        }
        byte[] name = block.asSlice(NAME, NAME_BYTES).toArray(JAVA_BYTE);
        return new OwnerMark(
                uuid(block, OPENING),
                uuid(block, HOST),
                new String(name, StandardCharsets.US_ASCII).replace("\0", ""),
                block.get(LONG, COUNT),
                block.get(INT, SERVED) == 1);
    }

    private static void put(MemorySegment block, long at, UUID uuid) {
        block.set(LONG, at, uuid.getMostSignificantBits());
        block.set(LONG, at + 8, uuid.getLeastSignificantBits());
    }

    private static UUID uuid(MemorySegment block, long at) {
        return new UUID(block.get(LONG, at), block.get(LONG, at + 8));
    }
}
