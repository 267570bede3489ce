package io.quoin.daemon.observe;

import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.Timings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/// A volume's counters in a mapped file, so that they can be read when the daemon hangs or is gone.
///
/// ```
///    0  u64  magic "QUOINCT1"
///    8  u32  counters   u32 bytes from one counter to the next
///   16  u64  process id of the daemon
///   24  u64  start, milliseconds since 1970
///   32  u32  spans that are timed  u32 buckets of each  u32 bytes from one to the next
///   64  counters x 48 B  label, UTF-8, zero padded; then those of the spans
/// 4096  counters x 64 B  u64 value, 56 B of padding: a cache line each
///       spans: u64 nanoseconds in all, then u64 operations of each bucket (Timings)
/// ```
///
/// Little-endian. Not on the durable path: its loss costs nothing but history. It is written whole
/// before it is mapped, so that a full disk is an error here and not a SIGBUS later. The mapping lives
/// as long as anybody holds the buffer.
public final class CountersFile {
    private static final long MAGIC = 0x3154434E_494F5551L;
    private static final int LABELS_AT = 64;
    private static final int LABEL_BYTES = 48;
    private static final int VALUES_AT = 4096;

    static {
        int labels = Counters.Counter.values().length + Timings.Span.values().length;
        assert LABELS_AT + labels * LABEL_BYTES <= VALUES_AT;
    }

    private final Path path;
    private final AtomicBuffer values;

    private CountersFile(Path path, AtomicBuffer values) {
        this.path = path;
        this.values = values;
    }

    /// Makes the file, all counters zero.
    ///
    /// @param path where; its directory is made if it is not there
    /// @return the mapped file
    /// @throws IOException when it cannot be made
    public static CountersFile create(Path path) throws IOException {
        Files.createDirectories(path.getParent());
        // A new file, not the old one truncated: whoever has that mapped must not meet its end.
        Files.deleteIfExists(path);
        int length = VALUES_AT + Counters.BYTES;
        try (FileChannel channel =
                FileChannel.open(
                        path,
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            ByteBuffer image = header(length);
            while (image.hasRemaining()) {
                channel.write(image);
            }
            ByteBuffer mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, length);
            return new CountersFile(path, new UnsafeBuffer(mapped, VALUES_AT, Counters.BYTES));
        }
    }

    private static ByteBuffer header(int length) {
        ByteBuffer image = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        Counters.Counter[] counters = Counters.Counter.values();
        image.putLong(0, MAGIC);
        image.putInt(8, counters.length).putInt(12, Counters.STRIDE_BYTES);
        image.putLong(16, ProcessHandle.current().pid());
        image.putLong(24, System.currentTimeMillis());
        Timings.Span[] spans = Timings.Span.values();
        image.putInt(32, spans.length).putInt(36, Timings.BUCKETS);
        image.putInt(40, Timings.STRIDE_BYTES);
        for (int i = 0; i < counters.length; i++) {
            putLabel(image, i, counters[i].label());
        }
        for (int i = 0; i < spans.length; i++) {
            putLabel(image, counters.length + i, spans[i].label());
        }
        return image;
    }

    private static void putLabel(ByteBuffer image, int place, String label) {
        byte[] bytes = label.getBytes(StandardCharsets.UTF_8);
        assert bytes.length <= LABEL_BYTES : label;
        image.put(LABELS_AT + place * LABEL_BYTES, bytes);
    }

    private static String label(ByteBuffer image, int place) {
        byte[] label = new byte[LABEL_BYTES];
        image.get(LABELS_AT + place * LABEL_BYTES, label);
        return new String(label, StandardCharsets.UTF_8).replace("\0", "");
    }

    /// {@return where the engine counts}
    public AtomicBuffer values() {
        return values;
    }

    /// Removes the file's name; the memory stays as long as it is used. One that cannot be removed is
    /// replaced when the volume is opened again.
    public void remove() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            System.getLogger("io.quoin.counters")
                    .log(System.Logger.Level.WARNING, path + ": not removed: " + e.getMessage());
        }
    }

    /// What a file has.
    ///
    /// @param counters values by label
    /// @param times how long things took; none from a version that did not time them
    public record Contents(Map<String, Long> counters, List<Timings.Histogram> times) {}

    /// {@return what is in a file, whoever wrote it}
    ///
    /// @param path the file
    /// @throws IOException when it cannot be read, or is none
    public static Contents read(Path path) throws IOException {
        ByteBuffer image = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
        if (image.limit() < VALUES_AT || image.getLong(0) != MAGIC) {
            throw new IOException(path + ": expected counters of Quoin, was something else");
        }
        int count = image.getInt(8);
        int stride = image.getInt(12);
        int spans = image.getInt(32);
        int buckets = image.getInt(36);
        int spanStride = image.getInt(40);
        long timesAt = VALUES_AT + (long) count * stride;
        boolean isWhole =
                count >= 0
                        && stride >= Long.BYTES
                        && spans >= 0
                        && buckets >= 0
                        && spanStride >= 0
                        && (spans == 0 || spanStride >= Long.BYTES * (1L + buckets))
                        && LABELS_AT + ((long) count + spans) * LABEL_BYTES <= VALUES_AT
                        && timesAt + (long) spans * spanStride <= image.limit();
        if (!isWhole) {
            throw new IOException(
                    path
                            + ": expected "
                            + count
                            + " counters and "
                            + spans
                            + " times, was cut short");
        }
        Map<String, Long> counters = new LinkedHashMap<>();
        for (int i = 0; i < count; i++) {
            counters.put(label(image, i), image.getLong(VALUES_AT + i * stride));
        }
        List<Timings.Histogram> times = new ArrayList<>();
        for (int i = 0; i < spans; i++) {
            int at = (int) timesAt + i * spanStride;
            long[] counts = new long[buckets];
            for (int bucket = 0; bucket < buckets; bucket++) {
                counts[bucket] = image.getLong(at + Long.BYTES * (1 + bucket));
            }
            times.add(new Timings.Histogram(label(image, count + i), image.getLong(at), counts));
        }
        return new Contents(counters, times);
    }
}
