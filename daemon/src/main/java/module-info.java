/// Sockets, hosts, policy and observability: the only module that reads configuration.
module io.quoin.daemon {
    requires transitive io.quoin.volume;
    requires transitive com.grack.nanojson;
    requires org.agrona;
    requires org.tomlj;
    requires io.prometheus.metrics.model;
    requires io.prometheus.writer.text;
    requires jdk.httpserver;
    requires jdk.net;

    exports io.quoin.daemon.control.api;

    provides System.LoggerFinder with
            io.quoin.daemon.observe.LogLines;
}
