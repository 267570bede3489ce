package io.quoin.codec.nbd;

/// Metadata contexts: names of the form `namespace:leaf` for what BLOCK_STATUS can report.
public final class MetaContext {
    /// The namespace of the standard, with its colon; as a query, all contexts in it.
    public static final String BASE = "base:";

    /// Which parts are allocated, and which read as zeros.
    public static final String BASE_ALLOCATION = "base:allocation";

    /// `base:allocation`: not allocated.
    public static final int STATE_HOLE = 1;

    /// `base:allocation`: reads as zeros.
    public static final int STATE_ZERO = 1 << 1;

    private MetaContext() {}
}
