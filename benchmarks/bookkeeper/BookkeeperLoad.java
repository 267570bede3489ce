import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.bookkeeper.client.api.BookKeeper;
import org.apache.bookkeeper.client.api.DigestType;
import org.apache.bookkeeper.client.api.WriteHandle;
import org.apache.bookkeeper.conf.ClientConfiguration;
import org.apache.bookkeeper.conf.ServerConfiguration;
import org.apache.bookkeeper.util.LocalBookKeeper;

/// Three bookies, each with a journal that is synced, and a client that appends entries of 4 KiB, two copies each, all in one
/// process on loopback: the journal's flush at once when nothing else waits, which suits a lone writer best.
///
/// Arguments: a directory, seconds to warm up, seconds to measure, then how many entries are outstanding, several times.
/// Prints a JSON line for each.
public class BookkeeperLoad {
    private static final int ENTRY = 4096;
    private static final int MOST = 4_000_000;

    public static void main(String[] arguments) throws Exception {
        Path directory = Files.createTempDirectory(Path.of(arguments[0]), "bookkeeper.");
        int warm = Integer.parseInt(arguments[1]);
        int seconds = Integer.parseInt(arguments[2]);
        ServerConfiguration server = new ServerConfiguration();
        server.setAllowLoopback(true);
        server.setJournalSyncData(true);
        server.setJournalFlushWhenQueueEmpty(true);
        server.setJournalDirName(directory.resolve("journal").toString());
        server.setLedgerDirNames(new String[] {directory.resolve("ledgers").toString()});
        server.setDiskUsageThreshold(0.99f);
        server.setDiskUsageWarnThreshold(0.98f);
        System.setProperty("java.io.tmpdir", directory.toString());
        int status = 0;
        LocalBookKeeper bookies = LocalBookKeeper.getLocalBookies("127.0.0.1", 22181, 3, true, server);
        try {
            bookies.start();
            ClientConfiguration client = new ClientConfiguration();
            client.setMetadataServiceUri("zk+null://127.0.0.1:22181/ledgers");
            try (BookKeeper keeper = BookKeeper.newBuilder(client).build()) {
                for (int i = 3; i < arguments.length; i++) {
                    measure(keeper, Integer.parseInt(arguments[i]), warm, seconds);
                }
            }
        } catch (Exception e) {
            System.err.println("BookkeeperLoad: " + e);
            status = 1;
        } finally {
            try (Stream<Path> all = Files.walk(directory)) {
                all.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
            }
            Runtime.getRuntime().halt(status); // bookies take their time
        }
    }

    private static void measure(BookKeeper keeper, int outstanding, int warm, int seconds) throws Exception {
        try (WriteHandle ledger = keeper.newCreateLedgerOp()
                .withEnsembleSize(3)
                .withWriteQuorumSize(2)
                .withAckQuorumSize(2)
                .withDigestType(DigestType.CRC32C)
                .withPassword(new byte[0])
                .execute()
                .get()) {
            long[] nanos = new long[MOST];
            AtomicInteger count = new AtomicInteger();
            Semaphore free = new Semaphore(outstanding);
            byte[] entry = new byte[ENTRY];
            long begin = System.nanoTime() + warm * 1_000_000_000L;
            long end = begin + seconds * 1_000_000_000L;
            while (System.nanoTime() - end < 0) {
                free.acquire();
                long from = System.nanoTime();
                ledger.appendAsync(entry).whenComplete((id, failure) -> {
                    long now = System.nanoTime();
                    if (failure == null && now - begin >= 0 && now - end < 0) {
                        int place = count.getAndIncrement();
                        nanos[Math.min(place, MOST - 1)] = now - from;
                    }
                    free.release();
                });
            }
            free.acquire(outstanding);
            int done = Math.min(count.get(), MOST);
            Arrays.sort(nanos, 0, done);
            System.out.printf(
                    "{\"peer\":\"bookkeeper\",\"outstanding\":%d,\"rate\":%d,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f}%n",
                    outstanding,
                    done / seconds,
                    nanos[(int) (done * 0.5)] / 1e3,
                    nanos[(int) (done * 0.99)] / 1e3,
                    nanos[(int) (done * 0.999)] / 1e3);
        }
    }
}
