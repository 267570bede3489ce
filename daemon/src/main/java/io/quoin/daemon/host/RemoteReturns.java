package io.quoin.daemon.host;

import io.quoin.daemon.observe.EventLog;
import io.quoin.volume.VolumeStatus;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Takes members of other hosts back that were out of reach, as soon as they answer again: what they have missed is copied, the rest is
/// verified. A member that was dropped for another reason, or by an operator, is left alone. A volume that could not be opened without
/// such members, or has failed for want of them, is opened when they answer.
///
/// Its own thread looks once a second; who did not answer, or may not come back, is asked again after twice the time, half a minute at
/// most.
final class RemoteReturns implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.quoin.host");
    private static final Duration PERIOD = Duration.ofSeconds(1);
    private static final int MOST_PERIODS = 30;

    private final VolumeHost host;
    private final EventLog events;
    private final Periodic looks = new Periodic("remote-returns", PERIOD, true, this::look);

    /// By volume and address: of whom it is known that he was out of reach.
    private final Map<String, Attempt> attempts = new HashMap<>();

    /// When somebody is asked again.
    private static final class Attempt {
        private int pause = 1;
        private int left;
        private String refusal = "";

        boolean isDue() {
            return left-- <= 0;
        }

        void failed() {
            left = pause;
            pause = Math.min(2 * pause, MOST_PERIODS);
        }
    }

    RemoteReturns(VolumeHost host, EventLog events) {
        this.host = host;
        this.events = events;
    }

    void start() {
        looks.start();
    }

    private void look() {
        Set<String> known = new HashSet<>();
        for (HostedVolume hosted : host.volumes()) {
            try {
                look(hosted, known);
            } catch (VolumeException e) {
                LOG.log(System.Logger.Level.DEBUG, hosted.name() + ": " + e.getMessage());
            }
        }
        for (String label : host.unreached()) {
            known.add(label);
            Attempt attempt = attempts.computeIfAbsent(label, ignored -> new Attempt());
            if (!looks.isClosed() && attempt.isDue()) {
                attempt.failed();
                openAgain(label);
            }
        }
        attempts.keySet().retainAll(known);
    }

    private void openAgain(String label) {
        try {
            host.openAgain(label);
            events.warn(label, "is served now: members that were out of reach answer");
        } catch (VolumeException e) {
            LOG.log(System.Logger.Level.DEBUG, "volume " + label + ": " + e.getMessage());
        }
    }

    private void look(HostedVolume hosted, Set<String> known) throws VolumeException {
        List<MemberAddress> remote =
                hosted.settings().members().stream().filter(each -> each.path().isEmpty()).toList();
        if (remote.isEmpty()) {
            return;
        }
        VolumeStatus status = hosted.volume().status();
        if (status.state().equals("failed")) {
            if (!hosted.volume().isFenced()) {
                reopen(hosted, status, known);
            }
            return;
        }
        for (MemberAddress address : remote) {
            String key = hosted.name() + " " + address;
            Optional<VolumeStatus.Member> shown =
                    status.members().stream()
                            .filter(each -> address.toString().equals(each.path()))
                            .findFirst();
            noteReach(hosted, address, shown);
            if (!hosted.unreached().contains(address)) {
                continue;
            }
            known.add(key);
            Attempt attempt = attempts.computeIfAbsent(key, ignored -> new Attempt());
            if (!isOtherRebuilt(status, shown) && !looks.isClosed() && attempt.isDue()) {
                attempt.failed(); // until shown otherwise
                tryOut(hosted, address, status, attempt);
            }
        }
    }

    /// Remembers who was lost, and forgets who is there, or was dropped for another reason. One that is not shown was out of reach when
    /// the volume was opened, or has been let go of to be taken back.
    private static void noteReach(
            HostedVolume hosted, MemberAddress address, Optional<VolumeStatus.Member> shown) {
        if (shown.isEmpty()) {
            return;
        }
        if (shown.get().isLost() && !shown.get().state().equals("in sync")) {
            hosted.unreached().add(address);
        } else {
            hosted.unreached().remove(address);
        }
    }

    /// {@return whether a rebuild goes on that a returning member must wait for}
    private static boolean isOtherRebuilt(
            VolumeStatus status, Optional<VolumeStatus.Member> shown) {
        return status.jobs().stream()
                .anyMatch(job ->
                        job.kind() == JobRecord.REBUILD
                                && job.isOpen()
                                && status.members().get(job.slot()).state().equals("rebuilding")
                                && (shown.isEmpty() || shown.get().slot() != job.slot()));
    }

    /// A volume that more members were lost to than it can spare goes on where it stood, when all of them answer.
    private void reopen(HostedVolume hosted, VolumeStatus status, Set<String> known) {
        List<String> lost =
                status.members().stream()
                        .filter(each -> each.isLost() && each.state().equals("in sync"))
                        .map(VolumeStatus.Member::path)
                        .toList();
        String key = hosted.name() + " failed";
        known.add(key);
        Attempt attempt = attempts.computeIfAbsent(key, ignored -> new Attempt());
        if (lost.isEmpty() || looks.isClosed() || !attempt.isDue()) {
            return;
        }
        attempt.failed();
        try {
            for (String each : lost) {
                MemberAddress.parse(each).open(false).close();
            }
            Set<MemberAddress> away = new HashSet<>(hosted.unreached());
            status.members().stream()
                    .filter(VolumeStatus.Member::isLost)
                    .forEach(each -> away.add(MemberAddress.parse(each.path())));
            host.reopen(hosted, away);
            events.warn(hosted.name(), "is served again: members that were out of reach answer");
        } catch (IOException | VolumeException | RuntimeException e) {
            LOG.log(System.Logger.Level.DEBUG, hosted.name() + ": " + e.getMessage());
        }
    }

    private void tryOut(
            HostedVolume hosted, MemberAddress address, VolumeStatus status, Attempt attempt) {
        Superblock found;
        try (BlockFile file = address.open(false)) {
            SuperblockIo.Found read = SuperblockIo.read(file);
            if (read.readable() == 0) {
                return; // it does not answer after all
            }
            found = read.superblock();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, e.getMessage());
            return;
        }
        Optional<VolumeStatus.Member> member =
                status.members().stream()
                        .filter(each -> found != null && each.uuid().equals(found.member()))
                        .findFirst();
        try {
            if (member.isEmpty()) {
                throw new VolumeException(address + ": answers, but is no member of this volume");
            }
            long job =
                    host.returnMember(
                            hosted.name(),
                            member.get().slot(),
                            Optional.of(address),
                            JobOrigin.BACK);
            events.warn(
                    hosted.name(),
                    "member "
                            + address
                            + " answers again: slot "
                            + member.get().slot()
                            + " takes it back, rebuild "
                            + job);
        } catch (VolumeException e) {
            if (!attempt.refusal.equals(e.getMessage())) {
                attempt.refusal = e.getMessage();
                events.warn(hosted.name(), "not taken back: " + e.getMessage());
            }
        }
    }

    /// Takes nobody back any more.
    @Override
    public void close() {
        looks.close();
    }
}
