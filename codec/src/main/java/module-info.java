/// Bytes to bytes: guards, Hamming codes, parity and NBD frames. No files, sockets, threads or clocks.
module io.quoin.codec {
    requires jdk.incubator.vector;

    exports io.quoin.codec;
    exports io.quoin.codec.guard;
    exports io.quoin.codec.hamming;
    exports io.quoin.codec.nbd;
    exports io.quoin.codec.parity;
}
