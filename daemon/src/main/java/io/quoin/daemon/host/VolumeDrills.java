package io.quoin.daemon.host;

import io.quoin.daemon.observe.EventLog;
import io.quoin.volume.DrillReport;
import io.quoin.volume.VolumeStatus;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.format.JobRecord;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// Drills volumes on their canary rows, and remembers until the daemon ends how each did.
///
/// Thread-safe; one drill at a time for each volume.
public final class VolumeDrills {
    /// A drill that is over.
    ///
    /// @param endedMillis when, wall clock
    /// @param report what it found out
    public record Drill(long endedMillis, DrillReport report) {}

    private final VolumeHost host;
    private final EventLog events;
    private final Map<String, Drill> last = new ConcurrentHashMap<>();

    VolumeDrills(VolumeHost host, EventLog events) {
        this.host = host;
        this.events = events;
    }

    /// Drills a volume, and waits for that.
    ///
    /// @param name the volume
    /// @return what it found out
    /// @throws VolumeException when it cannot be drilled now
    public Drill drill(String name) throws VolumeException {
        HostedVolume hosted = host.volume(name);
        DrillReport report;
        try {
            report = hosted.volume().drill();
        } catch (VolumeException e) {
            String named = "volume " + name;
            String message = String.valueOf(e.getMessage());
            throw new VolumeException(
                    message.startsWith(named) ? message : named + ": " + message, e);
        }
        Drill drill = new Drill(System.currentTimeMillis(), report);
        tell(name, report, Optional.ofNullable(last.put(name, drill)));
        return drill;
    }

    private void tell(String name, DrillReport report, Optional<Drill> before) {
        if (report.trouble() != null) {
            events.warn(name, "drill ended early: " + report.trouble());
        }
        if (!report.failures().isEmpty()) {
            DrillReport.Trial first = report.failures().getFirst();
            events.report(
                    name,
                    new VolumeEvent.DrillFailed(
                            report.failures().size(),
                            report.trials().size(),
                            describe(first) + ": " + first.shortcoming()));
        } else if (report.isOk() && (before.isEmpty() || !before.get().report().isOk())) {
            events.report(
                    name,
                    new VolumeEvent.Note(
                            "drill: all "
                                    + report.trials().size()
                                    + " damages to canary rows were noticed and dealt with"));
        }
    }

    private static String describe(DrillReport.Trial trial) {
        return trial.damage().text()
                + " in row "
                + trial.row()
                + " on slot "
                + trial.slot()
                + " ("
                + trial.member()
                + ")";
    }

    /// {@return how a volume did last; nothing: it was not drilled since the daemon began}
    ///
    /// @param name the volume
    public Optional<Drill> last(String name) {
        return Optional.ofNullable(last.get(name));
    }

    /// Forgets a volume that is not served any more.
    void forget(String name) {
        last.remove(name);
    }

    /// {@return the volumes that can be drilled now, for a schedule}
    List<DrillSchedule.Drilled> scheduled() {
        return host.volumes().stream()
                .filter(VolumeDrills::isReady)
                .map(each -> scheduled(each.name()))
                .toList();
    }

    // A volume that is not whole, or has a job running, is drilled when that is over.
    private static boolean isReady(HostedVolume hosted) {
        try {
            VolumeStatus status = hosted.status();
            return status.canaryBytes() > 0
                    && status.state().equals("optimal")
                    && status.jobs().stream().noneMatch(job -> job.state() == JobRecord.RUNNING);
        } catch (VolumeException e) {
            return false;
        }
    }

    private DrillSchedule.Drilled scheduled(String name) {
        return new DrillSchedule.Drilled() {
            @Override
            public String name() {
                return "volume " + name;
            }

            @Override
            public long lastMillis() {
                return last(name).map(Drill::endedMillis).orElse(0L);
            }

            @Override
            public boolean hasFailed() {
                return last(name).map(each -> !each.report().isOk()).orElse(false);
            }

            @Override
            public void drill() throws VolumeException {
                VolumeDrills.this.drill(name);
            }
        };
    }
}
