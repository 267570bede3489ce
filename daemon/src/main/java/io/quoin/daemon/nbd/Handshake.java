package io.quoin.daemon.nbd;

import io.quoin.codec.nbd.ExportName;
import io.quoin.codec.nbd.Greeting;
import io.quoin.codec.nbd.HandshakeFlag;
import io.quoin.codec.nbd.InfoType;
import io.quoin.codec.nbd.Magic;
import io.quoin.codec.nbd.MetaContext;
import io.quoin.codec.nbd.OptionHeader;
import io.quoin.codec.nbd.OptionReplyHeader;
import io.quoin.codec.nbd.OptionReplyType;
import io.quoin.codec.nbd.OptionType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/// Greeting and option haggling, fixed newstyle, up to the terms of transmission.
///
/// Every order of options is legal input. An option is read to its end before it is answered, so a
/// malformed one costs the client an error and the next one is understood. No resource of an export
/// is taken before the client enters it.
///
/// Runs on the connection's reader thread, under the server's deadline.
final class Handshake {
    /// Most data of an option; 1,000 queries of 4 KiB fit. More is taken for an attack.
    static final long MAX_OPTION_BYTES = 8 << 20;

    /// Most options of a client.
    static final int MAX_OPTIONS = 8192;

    private static final int RESERVED_BYTES = 124;
    private static final byte[] NO_DATA = {};

    /// What the handshake asks of the server.
    interface Exports {
        /// {@return the export that a name means}
        Optional<Export> find(ExportName name);

        /// {@return all names, in order of registration}
        List<ExportName> names();

        /// {@return whether the server is stopping}
        boolean isStopping();
    }

    private final FrameInput input;
    private final OptionData data;
    private final Transport transport;
    private final ByteBuffer output;
    private final Exports exports;
    private final Predicate<Export> enter;

    // Negotiated so far.
    private boolean isFixed;
    private boolean noZeroes;
    private boolean structured;
    private ExportName allocationFor;

    /// @param input from the client
    /// @param transport to the client
    /// @param output direct, at least 8 KiB
    /// @param exports what there is
    /// @param enter makes the connection a user of an export; false when that is too late
    Handshake(
            FrameInput input,
            Transport transport,
            ByteBuffer output,
            Exports exports,
            Predicate<Export> enter) {
        this.input = input;
        this.transport = transport;
        this.output = output;
        this.exports = exports;
        this.enter = enter;
        data = new OptionData(input);
    }

    /// Talks until the client enters an export or leaves.
    ///
    /// @return what was agreed, or nothing when the client left in good order
    /// @throws ProtocolViolation when it did something that has no answer
    /// @throws IOException when it vanished
    Optional<Terms> run() throws IOException {
        Greeting.put(output, HandshakeFlag.ALL);
        flush();
        if (!input.require(Greeting.CLIENT_FLAGS_BYTES)) {
            return Optional.empty();
        }
        int flags = input.buffer().getInt(input.buffer().position());
        input.skip(Greeting.CLIENT_FLAGS_BYTES);
        if ((flags & ~HandshakeFlag.ALL) != 0) {
            throw new ProtocolViolation(
                    String.format(
                            "client flags: expected none but %x, was %x",
                            HandshakeFlag.ALL, flags));
        }
        isFixed = (flags & HandshakeFlag.FIXED_NEWSTYLE) != 0;
        noZeroes = (flags & HandshakeFlag.NO_ZEROES) != 0;
        for (int i = 0; i < MAX_OPTIONS; i++) {
            if (!input.require(OptionHeader.BYTES)) {
                return Optional.empty();
            }
            int type = readHeader();
            if (type == OptionType.ABORT) {
                data.skip();
                reply(type, OptionReplyType.ACK, NO_DATA);
                flush();
                return Optional.empty();
            }
            Terms terms = type == OptionType.EXPORT_NAME ? exportName() : answer(type);
            flush();
            if (terms != null) {
                return Optional.of(terms);
            }
        }
        throw new ProtocolViolation(
                "options: expected at most " + MAX_OPTIONS + " before transmission, was more");
    }

    private int readHeader() throws IOException {
        ByteBuffer header = input.buffer();
        int at = header.position();
        if (OptionHeader.magic(header, at) != Magic.OPTION) {
            throw new ProtocolViolation(
                    String.format(
                            "option magic: expected %016x, was %016x",
                            Magic.OPTION, OptionHeader.magic(header, at)));
        }
        int type = OptionHeader.type(header, at);
        long bytes = OptionHeader.dataBytes(header, at);
        if (bytes > MAX_OPTION_BYTES) {
            throw new ProtocolViolation(
                    OptionType.toText(type)
                            + " data: expected at most "
                            + MAX_OPTION_BYTES
                            + " bytes, was "
                            + bytes);
        }
        if (!isFixed && type != OptionType.EXPORT_NAME && type != OptionType.ABORT) {
            throw new ProtocolViolation(
                    OptionType.toText(type) + " from a client that did not agree to answers");
        }
        input.skip(OptionHeader.BYTES);
        data.begin(bytes);
        return type;
    }

    // EXPORT_NAME has no error reply: whatever is wrong ends the session.
    private Terms exportName() throws IOException {
        ExportName name;
        try {
            name = new ExportName(data.string("export name", data.remaining()));
        } catch (OptionData.Malformed e) {
            throw new ProtocolViolation("EXPORT_NAME: " + e.getMessage());
        }
        Export export = exports.find(name).orElse(null);
        if (export == null || exports.isStopping() || !enter.test(export)) {
            throw new ProtocolViolation("EXPORT_NAME: no export " + name);
        }
        output.putLong(export.sizeBytes());
        output.putShort((short) export.transmissionFlags(structured));
        if (!noZeroes) {
            output.put(new byte[RESERVED_BYTES]);
        }
        return new Terms(export, structured, name.equals(allocationFor));
    }

    private Terms answer(int type) throws IOException {
        if (exports.isStopping()) {
            data.skip();
            reply(type, OptionReplyType.ERR_SHUTDOWN, OptionData.text("the server is stopping"));
            return null;
        }
        try {
            switch (type) {
                case OptionType.LIST -> list();
                case OptionType.INFO, OptionType.GO -> {
                    return info(type);
                }
                case OptionType.STRUCTURED_REPLY -> {
                    data.end();
                    structured = true;
                    reply(type, OptionReplyType.ACK, NO_DATA);
                }
                case OptionType.LIST_META_CONTEXT, OptionType.SET_META_CONTEXT -> metaContext(type);
                case OptionType.STARTTLS -> {
                    data.end();
                    reply(
                            type,
                            OptionReplyType.ERR_UNSUP,
                            OptionData.text("this server has no TLS"));
                }
                default -> {
                    data.skip();
                    reply(type, OptionReplyType.ERR_UNSUP, OptionData.text("unknown option"));
                }
            }
        } catch (OptionData.Malformed e) {
            data.skip();
            reply(type, OptionReplyType.ERR_INVALID, OptionData.text(e.getMessage()));
        }
        return null;
    }

    private void list() throws IOException, OptionData.Malformed {
        data.end();
        for (ExportName name : exports.names()) {
            byte[] bytes = name.toBytes();
            replyHeader(OptionType.LIST, OptionReplyType.SERVER, 4 + bytes.length);
            output.putInt(bytes.length).put(bytes);
        }
        reply(OptionType.LIST, OptionReplyType.ACK, NO_DATA);
    }

    // Data: u32 length of name, name, u16 count, count x u16 information.
    private Terms info(int type) throws IOException, OptionData.Malformed {
        ExportName name = new ExportName(data.string("export name", data.u32()));
        int count = data.u16();
        if (data.remaining() != 2L * count) {
            throw new OptionData.Malformed(
                    count + " information requests in " + data.remaining() + " bytes");
        }
        boolean wantsName = false;
        boolean wantsBlockSize = false;
        for (int i = 0; i < count; i++) {
            int wanted = data.u16();
            wantsName |= wanted == InfoType.NAME;
            wantsBlockSize |= wanted == InfoType.BLOCK_SIZE;
        }
        Export export = exports.find(name).orElse(null);
        if (export == null || type == OptionType.GO && !enter.test(export)) {
            reply(type, OptionReplyType.ERR_UNKNOWN, OptionData.text("no export " + name));
            return null;
        }
        replyHeader(type, OptionReplyType.INFO, InfoType.EXPORT_BYTES);
        InfoType.putExport(output, export.sizeBytes(), export.transmissionFlags(structured));
        if (wantsName) {
            byte[] bytes = export.name().toBytes();
            replyHeader(type, OptionReplyType.INFO, 2 + bytes.length);
            output.putShort((short) InfoType.NAME).put(bytes);
        }
        if (wantsBlockSize) {
            replyHeader(type, OptionReplyType.INFO, InfoType.BLOCK_SIZE_BYTES);
            InfoType.putBlockSize(
                    output,
                    Export.MINIMUM_BLOCK_BYTES,
                    Export.PREFERRED_BLOCK_BYTES,
                    export.maxPayloadBytes());
        }
        reply(type, OptionReplyType.ACK, NO_DATA);
        return type == OptionType.GO
                ? new Terms(export, structured, name.equals(allocationFor))
                : null;
    }

    // Data: u32 length of name, name, u32 count, count x (u32 length of query, query).
    private void metaContext(int type) throws IOException, OptionData.Malformed {
        boolean isSet = type == OptionType.SET_META_CONTEXT;
        if (isSet) {
            // Replaces what was set before, also when it fails.
            allocationFor = null;
        }
        ExportName name = new ExportName(data.string("export name", data.u32()));
        long count = data.u32();
        if (4 * count > data.remaining()) {
            throw new OptionData.Malformed(count + " queries in " + data.remaining() + " bytes");
        }
        boolean matches = !isSet && count == 0;
        for (long i = 0; i < count; i++) {
            String query = data.string("query", data.u32());
            matches |= query.equals(MetaContext.BASE_ALLOCATION);
            matches |= !isSet && query.equals(MetaContext.BASE);
        }
        data.end();
        if (!structured) {
            throw new OptionData.Malformed("structured replies come first");
        }
        if (exports.find(name).isEmpty()) {
            reply(type, OptionReplyType.ERR_UNKNOWN, OptionData.text("no export " + name));
            return;
        }
        if (matches) {
            byte[] bytes = OptionData.text(MetaContext.BASE_ALLOCATION);
            replyHeader(type, OptionReplyType.META_CONTEXT, 4 + bytes.length);
            output.putInt(isSet ? ReplyBatch.ALLOCATION_CONTEXT_ID : 0).put(bytes);
            allocationFor = isSet ? name : allocationFor;
        }
        reply(type, OptionReplyType.ACK, NO_DATA);
    }

    private void reply(int option, int type, byte[] bytes) throws IOException {
        replyHeader(option, type, bytes.length);
        output.put(bytes);
    }

    // Room for what follows the header is made here, too.
    private void replyHeader(int option, int type, int dataBytes) throws IOException {
        if (output.remaining() < OptionReplyHeader.BYTES + dataBytes) {
            flush();
        }
        OptionReplyHeader.put(output, option, type, dataBytes);
    }

    private void flush() throws IOException {
        output.flip();
        while (output.hasRemaining()) {
            transport.write(output);
        }
        output.clear();
    }
}
