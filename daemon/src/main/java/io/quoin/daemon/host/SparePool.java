package io.quoin.daemon.host;

import io.quoin.daemon.config.ConfigException;
import io.quoin.daemon.config.SpareSettings;
import io.quoin.daemon.config.StateDirectory;
import io.quoin.daemon.observe.EventLog;
import io.quoin.volume.MemberFiles;
import io.quoin.volume.Volume;
import io.quoin.volume.VolumeStatus;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.LocalFile;
import io.quoin.volume.member.SuperblockIo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/// Members in waiting: when a volume loses a member, the largest spare that it may have takes the place, and is rebuilt.
///
/// ```
/// add --> ready --> a member is dropped or missing --> claimed by the volume, rebuilt; no spare any more
///           |  cannot be opened, too small, holds something
///           +--> in trouble: says why, and is looked at again
/// ```
///
/// A spare is blank, and looked at again before it is taken: what somebody wrote there meanwhile is not overwritten. Each is
/// claimed, so that nobody else opens it. Thread-safe; its own thread adopts, and looks for whom on its own from time to time.
public final class SparePool implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.quoin.host");
    private static final long LOOK_NANOS = 5_000_000_000L;
    private static final int LOOK_ROUNDS = 12;
    private static final long END_MILLIS = 10_000;
    private static final String OWNER = "the spares";

    /// A spare as it stands.
    ///
    /// @param settings where it is, and for whom
    /// @param sizeBytes how large it is, 0 when that cannot be said
    /// @param trouble why it cannot be taken, or empty
    public record Spare(SpareSettings settings, long sizeBytes, String trouble) {}

    private static final class Entry {
        final SpareSettings settings;
        FileClaims.Claim claim;
        long sizeBytes;
        String trouble = "";

        /// It was blank when it was added, and may be in the midst of an adoption.
        boolean wasBlank;

        /// What was last said of an adoption that failed: it is tried again and again, and said once.
        String told = "";

        Entry(SpareSettings settings) {
            this.settings = settings;
        }
    }

    private final VolumeHost host;
    private final StateDirectory state;
    private final FileClaims claims;
    private final EventLog events;
    private final List<Entry> entries = new ArrayList<>();
    private volatile List<Spare> shown = List.of();
    private String unready =
            "spares: the daemon is still opening its volumes; try again in a moment";
    private final Thread thread =
            Thread.ofPlatform().daemon(true).name("spares").unstarted(this::run);
    private volatile boolean isCalled;
    private volatile boolean isClosed;

    SparePool(VolumeHost host, StateDirectory state, FileClaims claims, EventLog events) {
        this.host = host;
        this.state = state;
        this.claims = claims;
        this.events = events;
    }

    /// Takes up the remembered spares, and begins to watch the volumes, which are open. When what is remembered cannot be
    /// read there are no spares, and none can be added: it would be lost.
    public synchronized void start() {
        List<SpareSettings> remembered = List.of();
        try {
            remembered = state.spares();
            unready = "";
        } catch (ConfigException e) {
            unready = e.getMessage() + "; mend or remove it, and start quoind again";
            events.warn("", "no spares: " + unready);
        }
        for (SpareSettings each : remembered) {
            Entry entry = new Entry(each);
            entry.wasBlank = true;
            if (isMember(each.path())) {
                // Adopted by a daemon that did not live to forget it.
                LOG.log(
                        System.Logger.Level.INFO,
                        each.path() + ": a member now, no spare any more");
                continue;
            }
            entries.add(entry);
            look(entry);
            if (!entry.trouble.isEmpty()) {
                events.warn("", "spare " + entry.trouble);
            }
        }
        if (entries.size() < remembered.size()) {
            persist();
        }
        show();
        events.onMemberFailed(this::call);
        thread.start();
    }

    private boolean isMember(Path path) {
        return host.volumes().stream()
                .anyMatch(volume -> volume.settings().members().contains(path));
    }

    /// {@return the spares, in the order in which they were added, as they were found within the last minute; never
    /// waits}
    public List<Spare> list() {
        return shown;
    }

    private void show() {
        shown =
                entries.stream()
                        .map(each -> new Spare(each.settings, each.sizeBytes, each.trouble))
                        .toList();
    }

    private synchronized void lookAtAll() {
        entries.forEach(this::look);
        show();
    }

    /// Adds a spare; remembered when this returns.
    ///
    /// @param settings the spare
    /// @param force take it although it holds something, which is wiped
    /// @throws VolumeException when it is not there, in use, not blank, or cannot be remembered
    public synchronized void add(SpareSettings settings, boolean force) throws VolumeException {
        checkReady();
        Path path = settings.path();
        if (!Files.exists(path)) {
            throw new VolumeException(path + ": no such file or device");
        }
        Entry entry = new Entry(settings);
        entry.claim = claims.take(List.of(path), OWNER);
        boolean isAdded = false;
        try {
            if (force) {
                MemberFiles.wipe(path);
            }
            look(entry);
            if (!entry.trouble.isEmpty()) {
                throw new VolumeException(entry.trouble);
            }
            checkUse(entry);
            entries.add(entry);
            try {
                state.rememberSpares(settings());
                entry.wasBlank = true;
                isAdded = true;
            } catch (ConfigException e) {
                entries.remove(entry);
                throw new VolumeException(e.getMessage(), e);
            }
        } finally {
            if (!isAdded) {
                entry.claim.close();
            }
        }
        show();
        call();
    }

    /// What is not known yet would be forgotten.
    private void checkReady() throws VolumeException {
        if (!unready.isEmpty()) {
            throw new VolumeException(unready);
        }
    }

    /// Removes a spare; what it holds is left alone.
    ///
    /// @param path its path, as it was added
    /// @throws VolumeException when there is none, or it cannot be forgotten
    public synchronized void remove(Path path) throws VolumeException {
        checkReady();
        Entry entry =
                entries.stream()
                        .filter(each -> each.settings.path().equals(path))
                        .findFirst()
                        .orElseThrow(() ->
                                new VolumeException(
                                        path
                                                + ": expected one of the spares, which are "
                                                + (entries.isEmpty()
                                                        ? "none"
                                                        : String.join(
                                                                ", ",
                                                                entries.stream()
                                                                        .map(each ->
                                                                                each.settings
                                                                                        .path()
                                                                                        .toString())
                                                                        .toList()))));
        entries.remove(entry);
        try {
            state.rememberSpares(settings());
        } catch (ConfigException e) {
            entries.add(entry);
            throw new VolumeException(e.getMessage(), e);
        }
        letGo(entry);
        show();
    }

    /// Refuses a spare for a volume that is not known, or that is too small for all it may serve.
    private void checkUse(Entry entry) throws VolumeException {
        List<String> served = host.volumes().stream().map(HostedVolume::name).toList();
        for (String name : entry.settings.volumes()) {
            if (!served.contains(name) && !host.unserved().containsKey(name)) {
                host.volume(name); // says so
            }
        }
        List<HostedVolume> users =
                host.volumes().stream().filter(each -> entry.settings.isFor(each.name())).toList();
        long least = users.stream().mapToLong(HostedVolume::memberBytes).min().orElse(0);
        if (entry.sizeBytes < least) {
            throw new VolumeException(
                    entry.settings.path()
                            + ": expected at least "
                            + least
                            + " bytes, as the members of "
                            + users.stream()
                                    .map(HostedVolume::name)
                                    .collect(Collectors.joining(", "))
                            + " have, was "
                            + entry.sizeBytes);
        }
    }

    private List<SpareSettings> settings() {
        return entries.stream().map(each -> each.settings).toList();
    }

    private void persist() {
        try {
            state.rememberSpares(settings());
        } catch (ConfigException e) {
            LOG.log(System.Logger.Level.ERROR, e.getMessage());
        }
    }

    private static void letGo(Entry entry) {
        if (entry.claim != null) {
            entry.claim.close();
            entry.claim = null;
        }
    }

    /// Notes how large a spare is, and what keeps it from being taken.
    private void look(Entry entry) {
        Path path = entry.settings.path();
        entry.trouble = "";
        entry.sizeBytes = 0;
        try {
            if (!Files.exists(path)) {
                letGo(entry);
                entry.trouble = path + ": no such file or device";
                return;
            }
            if (entry.claim == null) {
                entry.claim = claims.take(List.of(path), OWNER);
            }
            try (LocalFile file = LocalFile.open(path, true)) {
                entry.sizeBytes = file.lengthBytes();
                if (!entry.wasBlank || adopter(file) == null) {
                    MemberFiles.checkBlank(file, false);
                }
            }
        } catch (IOException | VolumeException e) {
            entry.trouble = e.getMessage();
        }
    }

    /// {@return the volume of this host that was adopting a file when a daemon died, or null: by its own word the file
    /// was a member that is not rebuilt yet. A copy that somebody made of a member says otherwise}
    private UUID adopter(LocalFile file) {
        Superblock superblock = SuperblockIo.read(file).superblock();
        if (superblock == null) {
            return null;
        }
        boolean isAdopted =
                superblock.members().get(superblock.slot()).state() == MemberEntry.REBUILDING
                        && host.volumes().stream()
                                .anyMatch(each -> each.uuid().equals(superblock.volume()));
        return isAdopted ? superblock.volume() : null;
    }

    /// Has the spares' thread look at the volumes; never waits.
    private void call() {
        isCalled = true;
        LockSupport.unpark(thread);
    }

    private void run() {
        int round = 1; // they were looked at when they were taken up
        while (!isClosed) {
            isCalled = false;
            try {
                if (round++ % LOOK_ROUNDS == 0) {
                    lookAtAll();
                }
                host.volumes().forEach(this::serveIfItAnswers);
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.ERROR, "spares: a bug", e);
            }
            if (!isCalled && !isClosed) {
                LockSupport.parkNanos(this, LOOK_NANOS);
            }
        }
    }

    private void serveIfItAnswers(HostedVolume hosted) {
        try {
            serve(hosted);
        } catch (VolumeException e) {
            LOG.log(System.Logger.Level.DEBUG, "volume " + hosted.name(), e);
        }
    }

    private synchronized void serve(HostedVolume hosted) throws VolumeException {
        if (isClosed || entries.stream().noneMatch(each -> each.settings.isFor(hosted.name()))) {
            return;
        }
        VolumeStatus status = hosted.volume().status();
        Optional<VolumeStatus.Member> lost =
                status.members().stream()
                        .filter(each ->
                                each.state().equals("faulty") || each.state().equals("missing"))
                        .findFirst();
        Optional<JobRecord> rebuild =
                status.jobs().stream()
                        .filter(each -> each.kind() == JobRecord.REBUILD && each.isOpen())
                        .findFirst();
        if (lost.isEmpty()) {
            return;
        }
        if (rebuild.isEmpty()) {
            fill(hosted, lost.get());
        } else if (rebuild.get().slot() == lost.get().slot()) {
            // What it was to rebuild is gone: a spare whose adoption was cut short, or one that was
            // taken away.
            hosted.volume().changeJob(rebuild.get().id(), Volume.JobChange.CANCEL);
            fill(hosted, lost.get());
        } // else one after the other
    }

    private void fill(HostedVolume hosted, VolumeStatus.Member lost) {
        entries.forEach(this::look);
        show();
        List<Entry> suitable =
                entries.stream()
                        .filter(each ->
                                each.settings.isFor(hosted.name())
                                        && each.trouble.isEmpty()
                                        && each.sizeBytes >= hosted.memberBytes())
                        .sorted(Comparator.comparingLong((Entry each) -> -each.sizeBytes))
                        .toList();
        for (Entry each : suitable) {
            if (adopt(hosted, lost, each)) {
                return;
            }
        }
    }

    private boolean adopt(HostedVolume hosted, VolumeStatus.Member lost, Entry spare) {
        Path path = spare.settings.path();
        try {
            boolean isOurs;
            try (LocalFile file = LocalFile.open(path, true)) {
                isOurs = hosted.uuid().equals(adopter(file));
            }
            letGo(spare); // the volume claims it
            long job = host.replaceMember(hosted.name(), lost.slot(), path, isOurs, false);
            entries.remove(spare);
            persist();
            show();
            events.warn(
                    hosted.name(),
                    "spare "
                            + path
                            + " takes the place of slot "
                            + lost.slot()
                            + (lost.path() == null ? "" : " (" + lost.path() + ")")
                            + ": rebuild "
                            + job);
            return true;
        } catch (IOException | VolumeException e) {
            String failure =
                    "spare "
                            + path
                            + " cannot take the place of slot "
                            + lost.slot()
                            + ": "
                            + e.getMessage();
            if (!failure.equals(spare.told)) {
                spare.told = failure;
                events.warn(hosted.name(), failure);
            }
            look(spare);
            show();
            return false;
        }
    }

    /// Adopts no more.
    @Override
    public void close() {
        isClosed = true;
        if (thread.isAlive()) {
            LockSupport.unpark(thread);
            try {
                thread.join(END_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
