/// Sockets, hosts, policy and observability: the only module that reads configuration.
module io.quoin.daemon {
    requires transitive io.quoin.volume;
    requires org.agrona;
    requires org.tomlj;
    requires jdk.net;
}
