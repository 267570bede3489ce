package io.quoin.codec.nbd;

/// The numbers by which frames are recognised.
public final class Magic {
    /// `NBDMAGIC`, the first eight bytes a server sends.
    public static final long GREETING = 0x4e42444d41474943L;

    /// `IHAVEOPT`, which follows it, and opens each option of a client.
    public static final long OPTION = 0x49484156454F5054L;

    /// Opens a server's reply to an option.
    public static final long OPTION_REPLY = 0x0003e889045565a9L;

    /// Opens a request.
    public static final int REQUEST = 0x25609513;

    /// Opens a simple reply.
    public static final int SIMPLE_REPLY = 0x67446698;

    /// Opens a chunk of a structured reply.
    public static final int STRUCTURED_REPLY = 0x668e33ef;

    private Magic() {}
}
