package io.quoin.volume.geometry;

/// How a volume's slots share data and parity.
public enum Level {
    /// Stripes without redundancy.
    RAID0("raid0"),
    /// Copies: one group of all slots.
    RAID1("raid1"),
    /// Single parity.
    RAID5("raid5"),
    /// Double parity.
    RAID6("raid6"),
    /// Stripes over groups of copies.
    RAID10("raid10"),
    /// k data and m parity slots, Cauchy Reed-Solomon from m = 3.
    ERASURE("k+m");

    private final String text;

    Level(String text) {
        this.text = text;
    }

    /// {@return the name operators write}
    public String text() {
        return text;
    }
}
