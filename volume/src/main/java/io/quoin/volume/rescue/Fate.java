package io.quoin.volume.rescue;

/// What became of a block.
public enum Fate {
    /// Where it belongs, and what it should be.
    GOOD("good"),
    /// Decoded from parity, or taken from another copy.
    DECODED("decoded"),
    /// From the journal: it was not home yet.
    JOURNAL("journal"),
    /// Never written, or trimmed: reads as zeros.
    EMPTY("empty"),
    /// Something that was the block once; nobody is left who knows whether it still is.
    UNCONFIRMED("unconfirmed"),
    /// Cannot be had.
    LOST("lost");

    private final String text;

    Fate(String text) {
        this.text = text;
    }

    /// {@return the fate in the operators' word}
    public String text() {
        return text;
    }

    /// {@return whether the block is what was written last}
    public boolean isCertain() {
        return this != UNCONFIRMED && this != LOST;
    }
}
