package io.quoin.daemon.host;

import io.quoin.daemon.config.ConfigException;
import io.quoin.daemon.config.DrillVerdict;
import io.quoin.daemon.config.SpareSettings;
import io.quoin.daemon.config.StateDirectory;
import io.quoin.daemon.observe.EventLog;
import io.quoin.volume.MemberFiles;
import io.quoin.volume.Volume;
import io.quoin.volume.VolumeStatus;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.LocalFile;
import io.quoin.volume.member.MemberDrill;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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
///
/// Spares are drilled ({@link SpareDrills}). A drill has the spare to itself, and gives way when a volume needs the spare; one that
/// failed its last drill is taken when there is no other. A spare that answers nothing keeps whoever looks at it for a few seconds,
/// once, and then nobody: it is let alone until its device has let go of the look.
public final class SparePool implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.quoin.host");
    private static final long LOOK_NANOS = 5_000_000_000L;
    private static final int LOOK_ROUNDS = 12;
    private static final long END_MILLIS = 10_000;

    /// A drill leaves off before its next operation, and a durable write of 1 MiB takes milliseconds. One that takes longer is
    /// passed over, and looked at again when it has ended.
    private static final long GIVE_WAY_MILLIS = 1_000;

    /// A spare as it stands.
    ///
    /// @param settings where it is, and for whom
    /// @param sizeBytes how large it is, 0 when that cannot be said
    /// @param trouble why it cannot be taken, or empty
    /// @param isBeingDrilled whether a drill is under way
    /// @param verdict how it did when it was last drilled; nothing: it never was
    public record Spare(
            SpareSettings settings,
            long sizeBytes,
            String trouble,
            boolean isBeingDrilled,
            Optional<DrillVerdict> verdict) {}

    private final VolumeHost host;
    private final StateDirectory state;
    private final FileClaims claims;
    private final EventLog events;
    private final List<SpareEntry> entries = new ArrayList<>();

    /// Spares that a worn member is being copied to, by path.
    private final Map<MemberAddress, Lent> lent = new HashMap<>();

    /// Worn members that were to be copied once.
    private final Set<UUID> copied = new HashSet<>();

    private volatile List<Spare> shown = List.of();
    private String unready =
            "spares: the daemon is still opening its volumes; try again in a moment";
    private final Thread thread =
            Thread.ofPlatform().daemon(true).name("spares").unstarted(this::run);
    private volatile boolean isCalled;
    private volatile boolean isClosed;

    /// A drill or a look has ended, which may have been stuck for long.
    private volatile boolean isLookDue;

    private volatile DrillRun lastDrill;
    private final SpareDrills drills = new SpareDrills(this);

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
        List<DrillVerdict> verdicts = verdicts();
        for (SpareSettings each : remembered) {
            SpareEntry entry = new SpareEntry(each, claims);
            entry.wasBlank = true;
            entry.verdict =
                    verdicts.stream()
                            .filter(verdict -> verdict.path().equals(each.path()))
                            .findFirst()
                            .orElse(null);
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

    /// {@return what is remembered of drills; without it spares are as good as those that never were drilled}
    private List<DrillVerdict> verdicts() {
        try {
            return state.drills();
        } catch (ConfigException e) {
            events.warn(
                    "", "it is not known how spares did when they were drilled: " + e.getMessage());
            return List.of();
        }
    }

    /// {@return drills of these spares}
    public SpareDrills drills() {
        return drills;
    }

    private boolean isMember(Path path) {
        return host.volumes().stream()
                .anyMatch(volume -> volume.settings().members().contains(MemberAddress.of(path)));
    }

    /// {@return the spares, in the order in which they were added, as they were found within the last minute; never
    /// waits}
    public List<Spare> list() {
        return shown;
    }

    private void show() {
        shown =
                entries.stream()
                        .map(each ->
                                new Spare(
                                        each.settings,
                                        each.sizeBytes,
                                        each.trouble,
                                        each.isBeingDrilled(),
                                        Optional.ofNullable(each.verdict)))
                        .toList();
    }

    private void lookAtAll() {
        for (SpareEntry each : copyOfEntries()) {
            lookIfKept(each); // others come in between
        }
    }

    private synchronized List<SpareEntry> copyOfEntries() {
        return List.copyOf(entries);
    }

    private synchronized void lookIfKept(SpareEntry entry) {
        if (entries.contains(entry)) {
            look(entry);
            show();
        }
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
        SpareEntry entry = new SpareEntry(settings, claims);
        entry.claim();
        boolean isAdded = false;
        try {
            if (force) {
                MemberFiles.wipe(MemberAddress.of(path));
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
                entry.letGo();
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
        SpareEntry entry = find(path);
        entries.remove(entry);
        try {
            state.rememberSpares(settings());
        } catch (ConfigException e) {
            entries.add(entry);
            throw new VolumeException(e.getMessage(), e);
        }
        if (entry.isBeingDrilled()) {
            entry.drill.giveWay(GIVE_WAY_MILLIS);
        }
        entry.letGo();
        forget(entry);
        show();
    }

    private SpareEntry find(Path path) throws VolumeException {
        for (SpareEntry each : entries) {
            if (each.settings.path().equals(path)) {
                return each;
            }
        }
        throw new VolumeException(
                path
                        + ": expected one of the spares, which are "
                        + (entries.isEmpty()
                                ? "none"
                                : entries.stream()
                                        .map(each -> each.settings.path().toString())
                                        .collect(Collectors.joining(", "))));
    }

    /// {@return where the spares are, in the order in which they were added}
    ///
    /// @throws VolumeException when that is not known
    synchronized List<Path> paths() throws VolumeException {
        checkReady();
        return entries.stream().map(each -> each.settings.path()).toList();
    }

    /// Begins to drill a spare, which nobody else has open until that has ended.
    ///
    /// @param path as it was added
    /// @return the drill; that of before if the device still has an operation of it
    /// @throws VolumeException when there is no such spare
    synchronized DrillRun beginDrill(Path path) throws VolumeException {
        checkReady();
        SpareEntry entry = find(path);
        if (isClosed || isMember(path)) {
            throw new VolumeException(
                    path
                            + ": expected a spare, "
                            + (isClosed ? "the daemon is stopping" : "is a member now"));
        }
        if (entry.isBeingDrilled()) {
            return entry.drill;
        }
        DrillRun run = DrillRun.start(path, trial(entry));
        entry.drill = run;
        lastDrill = run;
        show();
        run.whenEnded(() -> {
            isLookDue = true;
            call(); // somebody may be waiting for the spare
        });
        return run;
    }

    /// {@return what is done to a spare; what may wait for the device is left to the drill's own thread}
    private DrillRun.Work trial(SpareEntry entry) {
        Path path = entry.settings.path();
        if (entry.isBeingLookedAt()) {
            return isStopped -> new MemberDrill.Failed(SpareEntry.NO_ANSWER);
        }
        try {
            if (Files.exists(path)) {
                entry.claim();
            }
        } catch (VolumeException e) {
            return isStopped -> {
                throw e;
            };
        }
        if (!entry.isClaimed()) {
            return isStopped -> SpareTrial.MISSING;
        }
        return new SpareTrial(
                path,
                leastBytes(entry),
                names(users(entry)),
                file -> adopter(file) != null,
                SpareDrills.LIMIT_MILLIS);
    }

    /// Keeps how a spare did.
    ///
    /// @param run its drill
    /// @param result how that ended; the device may still have an operation of it
    /// @return the verdict; nothing when it was stopped, or is no spare any more
    synchronized Optional<DrillVerdict> endDrill(DrillRun run, MemberDrill.Result result) {
        SpareEntry entry =
                entries.stream().filter(each -> each.drill == run).findFirst().orElse(null);
        Optional<DrillVerdict> verdict =
                entry == null
                        ? Optional.empty()
                        : SpareDrills.verdict(entry.settings.path(), result);
        if (verdict.isPresent()) {
            DrillVerdict before = entry.verdict;
            entry.verdict = verdict.get();
            if (entry.isBeingDrilled()) {
                entry.trouble = entry.settings.path() + ": " + verdict.get().failure();
            } else if (entry.verdict.isOk()) {
                look(entry);
            } // else its device may not answer; the spares' own thread looks, as it does after each
            persistVerdicts();
            SpareDrills.tell(events, entry.verdict, before);
        }
        show();
        return verdict;
    }

    /// How a spare did says nothing of what comes to its path next.
    private void forget(SpareEntry gone) {
        if (gone.verdict != null) {
            persistVerdicts();
        }
    }

    private void persistVerdicts() {
        try {
            state.rememberDrills(
                    entries.stream()
                            .filter(each -> each.verdict != null)
                            .map(each -> each.verdict)
                            .toList());
        } catch (ConfigException e) {
            LOG.log(System.Logger.Level.ERROR, e.getMessage());
        }
    }

    /// Refuses a spare for a volume that is not known, or that is too small for all it may serve.
    private void checkUse(SpareEntry entry) throws VolumeException {
        List<String> served = host.volumes().stream().map(HostedVolume::name).toList();
        for (String name : entry.settings.volumes()) {
            if (!served.contains(name) && !host.unserved().containsKey(name)) {
                host.volume(name); // says so
            }
        }
        long least = leastBytes(entry);
        if (entry.sizeBytes < least) {
            throw new VolumeException(
                    entry.settings.path()
                            + ": "
                            + wantedBytes(least, names(users(entry)))
                            + ", was "
                            + entry.sizeBytes);
        }
    }

    /// {@return the volumes that may have a spare}
    private List<HostedVolume> users(SpareEntry entry) {
        return host.volumes().stream().filter(each -> entry.settings.isFor(each.name())).toList();
    }

    private static String names(List<HostedVolume> users) {
        return users.stream().map(HostedVolume::name).collect(Collectors.joining(", "));
    }

    /// {@return how large a spare must be to be of use to any of those volumes}
    private long leastBytes(SpareEntry entry) {
        return users(entry).stream().mapToLong(HostedVolume::memberBytes).min().orElse(0);
    }

    static String wantedBytes(long least, String users) {
        return "expected at least " + least + " bytes, as the members of " + users + " have";
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

    /// Looks at a spare, which takes a few seconds at most.
    private void look(SpareEntry entry) {
        entry.look(
                file -> adopter(file) != null,
                () -> {
                    isLookDue = true;
                    call();
                });
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
                if (round++ % LOOK_ROUNDS == 0 || isLookDue) {
                    isLookDue = false;
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
            if (rebuild.isEmpty()) {
                replaceWorn(hosted, status);
            }
            return;
        }
        if (rebuild.isEmpty()) {
            fill(hosted, lost.get());
        } else if (rebuild.get().slot() == lost.get().slot()
                || isCopied(status, rebuild.get()) && hasSuitable(hosted)) {
            // What it was to rebuild is gone: a spare whose adoption was cut short, or one that was
            // taken away. Or it copies a member that still helps, which can wait.
            hosted.volume().changeJob(rebuild.get().id(), Volume.JobChange.CANCEL);
            fill(hosted, lost.get());
        } // else one after the other
    }

    /// Has a member that got too much wrong copied to a spare, which takes its place; it helps until then.
    private void replaceWorn(HostedVolume hosted, VolumeStatus status) {
        status.members().stream()
                .filter(each -> each.isWorn() && each.state().equals("in sync"))
                .filter(each -> !copied.contains(each.uuid())) // once: it may have been called off
                .findFirst()
                .ifPresent(each -> fill(hosted, each));
    }

    private record Lent(SpareSettings settings, String volume) {}

    /// Takes a spare back that a worn member was to be copied to, when that has come to nothing.
    ///
    /// @param volume whose member it is not
    /// @param address a member that the volume has let go of
    void leftBy(String volume, MemberAddress address) {
        Lent spare;
        synchronized (this) {
            spare = lent.remove(address);
            if (spare == null) {
                lent.values().removeIf(each -> each.volume().equals(volume)); // it is complete
                return;
            }
        }
        try {
            add(spare.settings(), true);
            events.warn(volume, address + " is a spare again");
        } catch (VolumeException e) {
            events.warn(volume, address + " is no spare any more: " + e.getMessage());
        }
    }

    private void fill(HostedVolume hosted, VolumeStatus.Member lost) {
        for (SpareEntry each : entries) {
            if (each.isBeingDrilled() && isLarge(each, hosted)) {
                each.drill.giveWay(GIVE_WAY_MILLIS);
            }
        }
        // As they were when last looked at. One is looked at again when its turn comes, not before:
        // those that failed their last drill keep the volume waiting only when there is no other.
        List<SpareEntry> candidates =
                entries.stream()
                        .filter(each -> each.settings.isFor(hosted.name()))
                        .sorted(
                                Comparator.comparing(SpareEntry::hasFailed)
                                        .thenComparingLong(each -> -each.sizeBytes))
                        .toList();
        for (SpareEntry each : candidates) {
            look(each);
            show();
            if (isSuitable(each, hosted) && adopt(hosted, lost, each)) {
                return;
            }
        }
    }

    private static boolean isCopied(VolumeStatus status, JobRecord rebuild) {
        return status.members().get(rebuild.slot()).state().equals("in sync");
    }

    private boolean hasSuitable(HostedVolume hosted) {
        for (SpareEntry each : List.copyOf(entries)) {
            if (isLarge(each, hosted)) {
                look(each);
                if (isSuitable(each, hosted)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isSuitable(SpareEntry spare, HostedVolume hosted) {
        return isLarge(spare, hosted)
                && spare.trouble.isEmpty()
                && !spare.isBeingDrilled()
                && !spare.isBeingLookedAt();
    }

    private static boolean isLarge(SpareEntry spare, HostedVolume hosted) {
        return spare.settings.isFor(hosted.name()) && spare.sizeBytes >= hosted.memberBytes();
    }

    private boolean adopt(HostedVolume hosted, VolumeStatus.Member lost, SpareEntry spare) {
        Path path = spare.settings.path();
        try {
            boolean isOurs;
            try (LocalFile file = LocalFile.open(path, true)) {
                isOurs = hosted.uuid().equals(adopter(file));
            }
            spare.letGo(); // the volume claims it
            long job =
                    host.replaceMember(
                            hosted.name(),
                            lost.slot(),
                            MemberAddress.of(path),
                            isOurs,
                            false,
                            JobOrigin.SPARE);
            entries.remove(spare);
            persist();
            forget(spare);
            show();
            if (lost.state().equals("in sync")) {
                lent.put(MemberAddress.of(path), new Lent(spare.settings, hosted.name()));
                copied.add(lost.uuid());
            }
            events.warn(
                    hosted.name(),
                    "spare "
                            + path
                            + " takes the place of slot "
                            + lost.slot()
                            + (lost.path() == null ? "" : " (" + lost.path() + ")")
                            + ": rebuild "
                            + job
                            + (spare.hasFailed()
                                    ? "; no other was left, and it failed its last drill: "
                                            + spare.verdict.failure()
                                    : ""));
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
        DrillRun drill = lastDrill; // without the lock, which a look at a stuck device may have
        if (drill != null) {
            drill.giveWay(GIVE_WAY_MILLIS);
        }
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
