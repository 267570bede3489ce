package io.quoin.daemon.host;

import io.quoin.daemon.config.Recurrence;
import io.quoin.volume.VolumeStatus;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.JobRecord;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalTime;
import java.util.Collection;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/// Starts scrubs of volumes when they are due. A volume is asked when its last one ended, which its superblocks
/// know, so that a restart changes nothing. A job that is under way or paused is the operator's business: no scrub
/// is started beside it. Nor is one of a volume that has lost a member.
///
/// Its own thread looks once a minute.
public final class ScrubSchedule implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(ScrubSchedule.class.getName());
    private static final long LOOK_NANOS = Duration.ofMinutes(1).toNanos();

    /// A volume as far as the schedule is concerned.
    interface Scrubbed {
        /// {@return its name}
        String name();

        /// {@return how it stands}
        ///
        /// @throws VolumeException when it does not answer
        VolumeStatus status() throws VolumeException;

        /// Starts a scrub.
        ///
        /// @throws VolumeException when one cannot be started
        void scrub() throws VolumeException;
    }

    private final Recurrence settings;
    private final Clock clock;
    private final Supplier<Collection<? extends Scrubbed>> volumes;
    private volatile boolean isClosed;
    private Thread thread;

    /// A schedule that waits to be started.
    ///
    /// @param settings when
    /// @param clock the host's time
    /// @param volumes those that are served
    ScrubSchedule(
            Recurrence settings, Clock clock, Supplier<Collection<? extends Scrubbed>> volumes) {
        this.settings = settings;
        this.clock = clock;
        this.volumes = volumes;
    }

    /// Begins to look.
    public void start() {
        if (settings.everyDays() == 0) {
            return;
        }
        thread =
                Thread.ofPlatform()
                        .daemon(true)
                        .name("scrub-schedule")
                        .start(() -> {
                            while (!isClosed) {
                                look();
                                LockSupport.parkNanos(LOOK_NANOS);
                            }
                        });
    }

    /// Starts what is due.
    void look() {
        if (!settings.isOpen(LocalTime.now(clock))) {
            return;
        }
        for (Scrubbed each : volumes.get()) {
            try {
                if (isDue(each.status())) {
                    each.scrub();
                    LOG.log(
                            System.Logger.Level.INFO,
                            "volume "
                                    + each.name()
                                    + ": scrub started, one is due every "
                                    + settings.everyDays()
                                    + " days");
                }
            } catch (VolumeException e) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "volume " + each.name() + ": no scrub on schedule: " + e.getMessage());
            }
        }
    }

    private boolean isDue(VolumeStatus status) {
        if (!status.state().equals("optimal") || clock.millis() < status.createdMillis()) {
            return false; // a lost member goes first; and a clock without a battery tells nothing
        }
        long last = status.createdMillis();
        for (JobRecord job : status.jobs()) {
            if (job.isOpen()) {
                return false; // a rebuild goes first, and one scrub is enough
            }
            if (job.kind() == JobRecord.SCRUB) {
                last = Math.max(last, job.finishedMillis());
            }
        }
        return settings.isDue(last, clock);
    }

    /// Ends the thread.
    @Override
    public void close() {
        isClosed = true;
        LockSupport.unpark(thread);
    }
}
