package io.quoin.daemon.host;

import io.quoin.daemon.config.Recurrence;
import io.quoin.volume.VolumeStatus;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.JobRecord;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/// Starts scrubs of volumes when they are due. A volume is asked when its last one ended, which its superblocks
/// know, so that a restart changes nothing. A job that is under way or paused is the operator's business: no scrub
/// is started beside it. Nor is one of a volume that has lost a member. One scrub runs at a time on a host, whose volumes may
/// share its disks; the one that has waited longest goes first.
///
/// Its own thread looks once a minute.
public final class ScrubSchedule implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(ScrubSchedule.class.getName());

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

    /// A volume whose scrub is due.
    ///
    /// @param lastMillis when its last one ended
    private record Due(Scrubbed volume, long lastMillis) {}

    private final Recurrence settings;
    private final Clock clock;
    private final Supplier<Collection<? extends Scrubbed>> volumes;
    private Set<String> warned = Set.of();
    private final Periodic looks =
            new Periodic("scrub-schedule", Duration.ofMinutes(1), true, this::look);

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
        if (settings.everyDays() > 0) {
            looks.start();
        }
    }

    /// Starts the scrub that has been due longest, unless one is running.
    void look() {
        if (!settings.isOpen(LocalTime.now(clock))) {
            return;
        }
        List<Due> due = new ArrayList<>();
        boolean isOneRunning = false;
        Set<String> paused = new HashSet<>();
        for (Scrubbed each : volumes.get()) {
            try {
                VolumeStatus status = each.status();
                isOneRunning |= has(status, JobRecord.SCRUB, JobRecord.RUNNING);
                long last = lastScrubMillis(status);
                if (!isReady(status) || !settings.isDue(last, clock)) {
                    continue;
                }
                if (has(status, JobRecord.SCRUB, JobRecord.PAUSED)
                        || has(status, JobRecord.REBUILD, JobRecord.PAUSED)) {
                    paused.add(each.name());
                } else if (status.jobs().stream().noneMatch(JobRecord::isOpen)) {
                    due.add(new Due(each, last));
                }
            } catch (VolumeException e) {
                tell(each, e);
            }
        }
        warnOf(paused);
        if (!isOneRunning) {
            startFirst(due);
        }
    }

    private void startFirst(List<Due> due) {
        due.sort(Comparator.comparingLong(Due::lastMillis));
        for (Due each : due) {
            try {
                each.volume().scrub();
                LOG.log(
                        System.Logger.Level.INFO,
                        "volume "
                                + each.volume().name()
                                + ": scrub started, one is due every "
                                + settings.everyDays()
                                + " days");
                return;
            } catch (VolumeException e) {
                tell(each.volume(), e);
            }
        }
    }

    /// A job that somebody paused and forgot would end all scrubs in silence.
    private void warnOf(Set<String> paused) {
        for (String name : paused) {
            if (!warned.contains(name)) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "volume "
                                + name
                                + ": a scrub is due, and a paused job keeps it from starting: resume or cancel"
                                + " that");
            }
        }
        warned = paused;
    }

    private static void tell(Scrubbed volume, VolumeException cause) {
        LOG.log(
                System.Logger.Level.WARNING,
                "volume " + volume.name() + ": no scrub on schedule: " + cause.getMessage());
    }

    /// A lost member goes first; and a clock without a battery tells nothing.
    private boolean isReady(VolumeStatus status) {
        return status.state().equals("optimal") && clock.millis() >= status.createdMillis();
    }

    private static boolean has(VolumeStatus status, int kind, int state) {
        return status.jobs().stream().anyMatch(job -> job.kind() == kind && job.state() == state);
    }

    private static long lastScrubMillis(VolumeStatus status) {
        long last = status.createdMillis();
        for (JobRecord job : status.jobs()) {
            if (job.kind() == JobRecord.SCRUB) {
                last = Math.max(last, job.finishedMillis());
            }
        }
        return last;
    }

    /// Ends the thread.
    @Override
    public void close() {
        looks.close();
    }
}
