package io.quoin.codec.nbd;

import java.nio.ByteBuffer;

/// What a server says first.
///
/// ```
///  0  u64  NBDMAGIC
///  8  u64  IHAVEOPT
/// 16  u16  handshake flags
/// ```
///
/// The client answers with its 32 bits of flags.
public final class Greeting {
    /// Bytes of a greeting.
    public static final int BYTES = 18;

    /// Bytes of the client's answer.
    public static final int CLIENT_FLAGS_BYTES = 4;

    private Greeting() {}

    /// Writes a greeting.
    ///
    /// @param target where, at its position
    /// @param handshakeFlags bits of {@link HandshakeFlag}
    public static void put(ByteBuffer target, int handshakeFlags) {
        target.putLong(Magic.GREETING).putLong(Magic.OPTION).putShort((short) handshakeFlags);
    }

    /// {@return whether both magic numbers are right}
    ///
    /// @param source holds a greeting
    /// @param at its first byte
    public static boolean isValid(ByteBuffer source, int at) {
        return source.getLong(at) == Magic.GREETING && source.getLong(at + 8) == Magic.OPTION;
    }

    /// {@return bits of {@link HandshakeFlag}}
    ///
    /// @param source holds a greeting
    /// @param at its first byte
    public static int handshakeFlags(ByteBuffer source, int at) {
        return Short.toUnsignedInt(source.getShort(at + 16));
    }
}
