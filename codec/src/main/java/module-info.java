/// Bytes to bytes: guards, Hamming codes, parity and NBD frames. No files, sockets, threads or clocks.
module io.quoin.codec {
    requires jdk.incubator.vector;

    exports io.quoin.codec.nbd;
}
