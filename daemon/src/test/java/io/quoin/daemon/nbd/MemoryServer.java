package io.quoin.daemon.nbd;

import io.quoin.codec.nbd.ExportName;
import java.net.UnixDomainSocketAddress;

/// Serves a {@link MemoryDevice} until it is killed, for measuring and for trying clients by hand:
/// `MemoryServer <socket> <bytes>`.
final class MemoryServer {
    private MemoryServer() {}

    /// Runs it.
    ///
    /// @param args socket path, size in bytes
    /// @throws Exception when the socket cannot be bound
    public static void main(String[] args) throws Exception {
        NbdServer server = new NbdServer(NbdSettings.DEFAULT);
        server.register(new ExportName("memory"), new MemoryDevice(Long.parseLong(args[1])));
        server.listen(UnixDomainSocketAddress.of(args[0]));
        Thread.currentThread().join();
    }
}
