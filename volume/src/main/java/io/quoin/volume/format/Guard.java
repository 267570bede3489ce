package io.quoin.volume.format;

/// The check values that protect a block's bytes. Each keeps eight CRC16, one per 512 bytes.
public enum Guard {
    /// Eight CRC16: the least CPU and space.
    CRC16("crc16", 1, false, false),
    /// Eight CRC16 and eight SECDED codes: a flipped bit in a sector is corrected on the spot.
    CRC16_HAMMING("crc16+hamming", 2, false, true),
    /// Eight CRC16 and CRC-32C of the block; the default.
    CRC32C("crc32c", 3, true, false),
    /// All three.
    CRC32C_HAMMING("crc32c+hamming", 4, true, true);

    private final String text;
    private final int code;
    private final boolean crc32c;
    private final boolean hamming;

    Guard(String text, int code, boolean crc32c, boolean hamming) {
        this.text = text;
        this.code = code;
        this.crc32c = crc32c;
        this.hamming = hamming;
    }

    /// {@return the name operators write}
    public String text() {
        return text;
    }

    /// {@return the code on disk}
    public int code() {
        return code;
    }

    /// {@return whether CRC-32C of the block is kept}
    public boolean hasCrc32c() {
        return crc32c;
    }

    /// {@return whether SECDED codes are kept}
    public boolean hasHamming() {
        return hamming;
    }

    /// {@return the guard with a name}
    ///
    /// @param text as operators write it
    /// @throws IllegalArgumentException when there is none
    public static Guard parse(String text) {
        for (Guard guard : values()) {
            if (guard.text.equals(text)) {
                return guard;
            }
        }
        throw new IllegalArgumentException(
                "guard: expected crc16, crc16+hamming, crc32c or crc32c+hamming, was " + text);
    }

    /// {@return the guard with a code, or null when there is none}
    ///
    /// @param code from disk
    public static Guard ofCode(int code) {
        return code >= 1 && code <= 4 ? values()[code - 1] : null;
    }
}
