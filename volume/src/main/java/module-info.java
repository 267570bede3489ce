/// Where bytes go, and what is true after a crash.
module io.quoin.volume {
    requires transitive io.quoin.codec;
    requires org.agrona;
    requires com.lmax.disruptor;
    requires chronicle.bytes;
    requires chronicle.core;
    requires jdk.unsupported;

    exports io.quoin.volume;
    exports io.quoin.volume.assembly;
    exports io.quoin.volume.counter;
    exports io.quoin.volume.fault;
    exports io.quoin.volume.format;
    exports io.quoin.volume.geometry;
    exports io.quoin.volume.intake;
    exports io.quoin.volume.member;
    exports io.quoin.volume.remote;
    exports io.quoin.volume.repair;
    exports io.quoin.volume.rescue;
    exports io.quoin.volume.sim;
}
