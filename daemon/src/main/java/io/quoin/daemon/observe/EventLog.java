package io.quoin.daemon.observe;

import io.quoin.volume.counter.VolumeEvent;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// Events of all volumes: each gets a line in the log, and the last ones are kept for `quoin events`.
///
/// Whoever reports only puts the event into a bounded queue; a thread of its own writes the log, which
/// may be slow. Thread-safe.
public final class EventLog implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.quoin.event");
    private static final int QUEUE = 8192;
    private static final int KEPT = 1024;
    private static final long END_MILLIS = 2_000;

    /// An event in the ring.
    ///
    /// @param id grows by one with each event since the daemon began
    /// @param millis wall clock
    /// @param volume name of the volume, empty for the daemon's own
    /// @param level how bad: `error`, `warning`, `info`
    /// @param kind what it is: `memberFailed`, `blockRepaired`, ...
    /// @param message the line
    public record Entry(
            long id, long millis, String volume, String level, String kind, String message) {}

    private record Reported(
            long millis, String volume, System.Logger.Level level, VolumeEvent event) {}

    private final ArrayBlockingQueue<Reported> queue = new ArrayBlockingQueue<>(QUEUE);
    private final AtomicLong dropped = new AtomicLong();
    private final Thread thread;

    // Guarded by this.
    private final ArrayDeque<Entry> ring = new ArrayDeque<>(KEPT);
    private long nextId = 1;

    private volatile Runnable whenMemberFailed = () -> {};
    private volatile boolean isClosed;

    /// A log without events.
    public EventLog() {
        thread = Thread.ofPlatform().daemon(true).name("events").start(this::run);
    }

    /// {@return where a volume reports; never waits}
    ///
    /// @param volume its name
    public VolumeEvent.Sink sink(String volume) {
        return event -> report(volume, event);
    }

    /// Names who is told that some volume lost a member.
    ///
    /// @param action must not wait
    public void onMemberFailed(Runnable action) {
        whenMemberFailed = action;
    }

    /// Reports an event; never waits.
    ///
    /// @param volume name of the volume, empty for the daemon's own
    /// @param event the event
    public void report(String volume, VolumeEvent event) {
        offer(volume, level(event), event);
    }

    /// Reports something that the operator should see to; never waits.
    ///
    /// @param volume name of the volume
    /// @param message the line
    public void warn(String volume, String message) {
        offer(volume, System.Logger.Level.WARNING, new VolumeEvent.Note(message));
    }

    private void offer(String volume, System.Logger.Level level, VolumeEvent event) {
        if (!queue.offer(new Reported(System.currentTimeMillis(), volume, level, event))) {
            dropped.incrementAndGet();
        }
    }

    private void run() {
        long told = 0;
        while (!isClosed || !queue.isEmpty()) {
            try {
                Reported next = queue.poll(200, TimeUnit.MILLISECONDS);
                if (next != null) {
                    publish(next);
                }
                long now = dropped.get();
                if (now > told) {
                    LOG.log(
                            System.Logger.Level.WARNING,
                            (now - told)
                                    + " events came faster than they could be logged: left out");
                    told = now;
                }
            } catch (InterruptedException e) {
                isClosed = true;
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.ERROR, "an event could not be logged", e);
            }
        }
    }

    private void publish(Reported reported) {
        System.Logger.Level level = reported.level;
        String where = reported.volume.isEmpty() ? "" : "volume " + reported.volume + ": ";
        LOG.log(level, where + reported.event.message());
        synchronized (this) {
            if (ring.size() == KEPT) {
                ring.removeFirst();
            }
            ring.addLast(
                    new Entry(
                            nextId,
                            reported.millis,
                            reported.volume,
                            word(level),
                            kind(reported.event),
                            reported.event.message()));
            nextId++;
        }
        if (reported.event instanceof VolumeEvent.MemberFailed) {
            whenMemberFailed.run();
        }
    }

    private static System.Logger.Level level(VolumeEvent event) {
        return switch (event) {
            case VolumeEvent.VolumeFailed failed -> System.Logger.Level.ERROR;
            case VolumeEvent.BlockLost lost -> System.Logger.Level.ERROR;
            case VolumeEvent.DrillFailed failed -> System.Logger.Level.ERROR;
            case VolumeEvent.MemberFailed failed -> System.Logger.Level.WARNING;
            case VolumeEvent.RowSuspect suspect -> System.Logger.Level.WARNING;
            case VolumeEvent.MemberSlow slow -> System.Logger.Level.WARNING;
            case VolumeEvent.MemberWorn worn -> System.Logger.Level.WARNING;
            case VolumeEvent.SuperblocksRepaired repaired -> System.Logger.Level.WARNING;
            case VolumeEvent.JournalDamaged damaged -> System.Logger.Level.WARNING;
            case VolumeEvent.BlockRepaired repaired -> System.Logger.Level.WARNING;
            case VolumeEvent.JobChanged changed -> System.Logger.Level.INFO;
            case VolumeEvent.Note note -> System.Logger.Level.INFO;
        };
    }

    private static String word(System.Logger.Level level) {
        return switch (level) {
            case ERROR -> "error";
            case WARNING -> "warning";
            case INFO, DEBUG, TRACE, ALL, OFF -> "info";
        };
    }

    private static String kind(VolumeEvent event) {
        String name = event.getClass().getSimpleName();
        return Character.toLowerCase(name.charAt(0)) + name.substring(1);
    }

    /// {@return the last events, oldest first}
    ///
    /// @param count how many at most
    /// @param volume name of the volume; nothing: all
    /// @param afterId only those with a higher id
    public synchronized List<Entry> last(int count, Optional<String> volume, long afterId) {
        List<Entry> found = new ArrayList<>();
        for (Entry entry : ring) {
            if (entry.id > afterId && (volume.isEmpty() || volume.get().equals(entry.volume))) {
                found.add(entry);
            }
        }
        return List.copyOf(found.subList(Math.max(0, found.size() - count), found.size()));
    }

    /// Logs what is queued, for two seconds at most, and ends.
    @Override
    public void close() {
        isClosed = true;
        try {
            thread.join(END_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
