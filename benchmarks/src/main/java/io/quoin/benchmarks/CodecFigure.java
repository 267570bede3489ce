package io.quoin.benchmarks;

/// What the codecs aim at: how fast a kernel is, set against another operation on the same blocks.
enum CodecFigure {
    CRC16("one CRC16 over 4 KiB / ISA-L crc16_t10dif", "crc16", "crc16Isal", 4096, 0.55, 0.8),
    GUARDS("8 x CRC16 + CRC-32C of 4 KiB, fused / memcpy of it", "guards", "copy", 4096, 0.4, 0.7),
    XOR("XOR 4+1 / ISA-L xor_gen", "xor4", "xor4Isal", 4096, 0.8, 1.0),
    PQ("P+Q 4+2 / ISA-L pq_gen", "pq4", "pq4Isal", 4096, 0.8, 1.0),
    RS_ISAL("RS 8+3 / ISA-L ec_encode_data", "rs8", "rs8Isal", 4096, 1.1, 1.3),
    RS_HADOOP("RS 8+3 / Hadoop's coder in Java", "rs8", "rs8Hadoop", 4096, 8, 20),
    RECONSTRUCT("reconstruct 2 of 8+3 / encode", "reconstruct2", "rs8", 4096, 0.9, 1.0),
    SECDED("SECDED 512 B / memcpy of it", "secded", "copy", 512, 0.3, 0.5);

    /// What is compared, for people.
    final String text;

    /// Method of [CodecBenchmark].
    final String ours;

    /// Method of [PeerBenchmark], or of ours.
    final String peer;

    /// Bytes of a block, in the cache.
    final int bytes;

    final double least;
    final double aim;

    CodecFigure(String text, String ours, String peer, int bytes, double least, double aim) {
        this.text = text;
        this.ours = ours;
        this.peer = peer;
        this.bytes = bytes;
        this.least = least;
        this.aim = aim;
    }

    /// {@return what a ratio means: `misses`, `passes`, or `passes, aim reached`}
    ///
    /// @param ratio the peer's time by ours
    String verdict(double ratio) {
        if (ratio < least) {
            return "misses";
        }
        return ratio < aim ? "passes" : "passes, aim reached";
    }
}
