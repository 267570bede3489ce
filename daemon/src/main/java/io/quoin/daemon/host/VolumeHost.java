package io.quoin.daemon.host;

import io.quoin.codec.nbd.ExportName;
import io.quoin.daemon.config.ConfigException;
import io.quoin.daemon.config.Recurrence;
import io.quoin.daemon.config.StateDirectory;
import io.quoin.daemon.config.VolumeSettings;
import io.quoin.daemon.nbd.NbdServer;
import io.quoin.daemon.observe.CountersFile;
import io.quoin.daemon.observe.EventLog;
import io.quoin.volume.EngineSettings;
import io.quoin.volume.GrowthPlan;
import io.quoin.volume.MemberFiles;
import io.quoin.volume.Volume;
import io.quoin.volume.VolumeStatus;
import io.quoin.volume.assembly.Creation;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.remote.MemberAddress;
import io.quoin.volume.remote.Ownership;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/// Opens, serves, changes and stops volumes. Thread-safe: what changes the set of volumes happens one
/// after the other, questions do not wait for it.
public final class VolumeHost {
    private static final System.Logger LOG = System.getLogger("io.quoin.host");
    private static final Duration WITHDRAW_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(30);

    private final NbdServer server;
    private final StateDirectory state;
    private final EngineSettings engine;
    private final EventLog events;
    private final FileWitness witness;
    private final FileClaims claims = new FileClaims();
    private final MemberChanges memberChanges = new MemberChanges(claims, this::remember);
    private final SparePool spares;
    private final VolumeDrills drills;
    private final Ownership.Host self;
    private final RemoteReturns returns;

    // Changed under this, and replaced as a whole, so that readers take what they find.
    private volatile Map<String, HostedVolume> volumes = Map.of();
    private volatile Map<String, String> unserved = Map.of();
    private boolean isStopping;

    /// How those that could not be opened are opened, by label.
    private final Map<String, Wanted> wanted = new ConcurrentHashMap<>();

    private record Wanted(VolumeSettings settings, boolean isRemembered) {}

    /// What to do about a member that is not there or cannot be one.
    public enum Tolerance {
        /// Refuse, naming it: someone typed its path just now.
        NONE,
        /// Leave it out, say so, and serve if enough remain: nobody is there to ask at a restart.
        LEAVE_OUT
    }

    /// A host without volumes.
    ///
    /// @param server offers the volumes to clients
    /// @param state what is remembered
    /// @param engine how volumes run unless they say otherwise
    /// @param events receives what volumes report
    /// @throws ConfigException when the state directory cannot be read or written
    public VolumeHost(
            NbdServer server, StateDirectory state, EngineSettings engine, EventLog events)
            throws ConfigException {
        this.server = server;
        this.state = state;
        this.engine = engine;
        this.events = events;
        witness = new FileWitness(state.witness());
        spares = new SparePool(this, state, claims, events);
        drills = new VolumeDrills(this, events);
        self = ThisHost.owner(state);
        returns = new RemoteReturns(this, events);
    }

    /// {@return members in waiting; to be started when the volumes are open}
    public SparePool spares() {
        return spares;
    }

    /// Begins to take members back that were out of reach; to be called when the volumes are open.
    public void startReturns() {
        returns.start();
    }

    /// Takes no members back any more.
    public void endReturns() {
        returns.close();
    }

    /// {@return the volumes that are served, by name}
    public List<HostedVolume> volumes() {
        return List.copyOf(volumes.values());
    }

    /// {@return the volumes that should be served and are not, with the reason}
    public Map<String, String> unserved() {
        return unserved;
    }

    /// {@return a volume that is served}
    ///
    /// @param name its name
    /// @throws VolumeException when there is none
    public HostedVolume volume(String name) throws VolumeException {
        HostedVolume found = volumes.get(name);
        if (found != null) {
            return found;
        }
        String reason = unserved.get(name);
        throw new VolumeException(
                reason != null
                        ? "volume " + name + " is not served: " + reason
                        : "volume "
                                + name
                                + ": expected one that is served, found "
                                + (volumes.isEmpty()
                                        ? "none at all"
                                        : String.join(", ", volumes.keySet())));
    }

    /// Opens the volumes of the settings and those remembered, all at once. One that cannot be opened
    /// is logged and kept in {@link #unserved}; the others are served.
    ///
    /// @param configured volumes of the settings
    /// @param given volume of the command line
    /// @throws ConfigException when what is remembered cannot be read
    /// @throws VolumeException when the one of the command line cannot be opened
    public void openAll(List<VolumeSettings> configured, Optional<VolumeSettings> given)
            throws ConfigException, VolumeException {
        if (given.isPresent()) {
            open(given.get(), false, Tolerance.NONE);
        }
        Map<VolumeSettings, Boolean> wanted = new LinkedHashMap<>();
        configured.forEach(each -> wanted.put(each, false));
        for (StateDirectory.Remembered each : state.volumes()) {
            if (each.volume().isEmpty()) {
                refuse(each.name(), each.error());
            } else if (Stream.concat(configured.stream(), given.stream())
                    .noneMatch(other -> isSame(other, each.volume().get()))) {
                wanted.put(each.volume().get(), true);
            }
        }
        CountDownLatch opened = new CountDownLatch(wanted.size());
        wanted.forEach((each, isRemembered) ->
                Thread.ofPlatform()
                        .name("open-" + each.label())
                        .start(() -> {
                            try {
                                openOrRefuse(each, isRemembered);
                            } finally {
                                opened.countDown();
                            }
                        }));
        try {
            opened.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean isSame(VolumeSettings configured, VolumeSettings remembered) {
        return configured.name().isPresent() && configured.name().equals(remembered.name())
                || configured.members().stream().anyMatch(remembered.members()::contains);
    }

    private void openOrRefuse(VolumeSettings settings, boolean isRemembered) {
        try {
            open(settings, isRemembered, Tolerance.LEAVE_OUT);
        } catch (VolumeException e) {
            wanted.put(settings.label(), new Wanted(settings, isRemembered));
            refuse(settings.label(), e.getMessage());
        } catch (RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "volume " + settings.label() + ": a bug", e);
            refuse(settings.label(), "a bug: " + e);
        }
    }

    private synchronized void refuse(String name, String reason) {
        LOG.log(System.Logger.Level.ERROR, "volume " + name + " is not served: " + reason);
        Map<String, String> changed = new TreeMap<>(unserved);
        changed.put(name, reason);
        unserved = changed;
    }

    /// Opens a volume, serves it, and remembers it.
    ///
    /// @param settings the volume
    /// @return the volume, serving
    /// @throws VolumeException naming what is missing, foreign, locked, damaged or lost
    public HostedVolume openAndRemember(VolumeSettings settings) throws VolumeException {
        HostedVolume hosted = open(settings, false, Tolerance.NONE);
        remember(hosted);
        return hosted;
    }

    /// Opens a remembered volume again.
    ///
    /// @param name its name
    /// @return the volume, serving
    /// @throws VolumeException when it is not remembered, or cannot be opened
    public HostedVolume openRemembered(String name) throws VolumeException {
        try {
            Optional<VolumeSettings> settings = state.volume(name);
            if (settings.isEmpty()) {
                throw new VolumeException(
                        "volume "
                                + name
                                + ": expected one that is remembered, found none; name its members");
            }
            return open(settings.get(), true, Tolerance.LEAVE_OUT);
        } catch (ConfigException e) {
            throw new VolumeException(e.getMessage(), e);
        }
    }

    private HostedVolume open(VolumeSettings settings, boolean isRemembered, Tolerance tolerance)
            throws VolumeException {
        return open(settings, isRemembered, tolerance, () -> true);
    }

    /// Opens a volume and serves it, if that is still wanted then.
    private HostedVolume open(
            VolumeSettings settings,
            boolean isRemembered,
            Tolerance tolerance,
            BooleanSupplier isWanted)
            throws VolumeException {
        FileClaims.Claim claim = claims.take(settings.members(), "volume " + settings.label());
        Volume volume = null;
        CountersFile counters = null;
        boolean isServed = false;
        try {
            Survey survey = Survey.of(settings, tolerance == Tolerance.LEAVE_OUT);
            String name = survey.name();
            counters = counters(name);
            volume =
                    Volume.open(
                            new Volume.Opening(
                                    List.copyOf(survey.superblocks().keySet()),
                                    witness,
                                    settings.bufferBytes().isEmpty()
                                            ? engine
                                            : engine.withBufferBytes(
                                                    settings.bufferBytes().getAsLong()),
                                    counters.values(),
                                    events.sink(name),
                                    self));
            survey.leftOut().forEach(note -> events.warn(name, note));
            VolumeSettings named =
                    new VolumeSettings(
                            Optional.of(name), settings.members(), settings.bufferBytes());
            HostedVolume hosted =
                    new HostedVolume(
                            volume,
                            named,
                            isRemembered || state.isRemembered(name),
                            counters,
                            claim,
                            survey);
            volume.onLeft(left -> {
                memberLeft(hosted, left);
                spares.leftBy(name, left);
            });
            VolumeStatus status = volume.status();
            witness.observe(status.uuid(), status.membership());
            memberChanges.forgetLeftovers(hosted, status);
            serve(hosted, settings.label(), isWanted);
            isServed = true;
            return hosted;
        } finally {
            if (!isServed) {
                if (volume != null) {
                    volume.close();
                }
                if (counters != null) {
                    counters.remove();
                }
                claim.close();
            }
        }
    }

    private CountersFile counters(String name) throws VolumeException {
        if (volumes.containsKey(name)) {
            throw new VolumeException(
                    "volume " + name + ": expected a name not in use, is served already");
        }
        try {
            return CountersFile.create(state.counters(name));
        } catch (IOException e) {
            throw new VolumeException(
                    "counters of volume " + name + " cannot be made: " + e.getMessage(), e);
        }
    }

    private synchronized void serve(HostedVolume hosted, String label, BooleanSupplier isWanted)
            throws VolumeException {
        String name = hosted.name();
        if (isStopping || !isWanted.getAsBoolean()) {
            throw new VolumeException(
                    "volume " + name + ": the daemon stops, or does not want it any more");
        }
        try {
            server.register(new ExportName(name), hosted.volume());
        } catch (IllegalArgumentException e) {
            throw new VolumeException("volume " + name + ": " + e.getMessage(), e);
        }
        Map<String, HostedVolume> changed = new TreeMap<>(volumes);
        changed.put(name, hosted);
        volumes = changed;
        Map<String, String> fewer = new TreeMap<>(unserved);
        fewer.remove(name);
        fewer.remove(label);
        unserved = fewer;
        wanted.remove(name);
        wanted.remove(label);
    }

    private void remember(HostedVolume hosted) throws VolumeException {
        try {
            state.remember(hosted.settings());
            hosted.setRemembered(true);
        } catch (ConfigException e) {
            throw new VolumeException(
                    "volume "
                            + hosted.name()
                            + " is served, but not after a restart: "
                            + e.getMessage(),
                    e);
        }
    }

    /// Makes a volume, serves it, and remembers it.
    ///
    /// @param wish what is asked for
    /// @param members where its members are to be; paths are absolute
    /// @param newFileBytes size of members that are made, 0: none
    /// @param force take members although they hold something
    /// @return the volume, serving
    /// @throws VolumeException naming what is wrong; nothing was changed then
    public synchronized HostedVolume create(
            Creation.Wish wish, List<MemberAddress> members, long newFileBytes, boolean force)
            throws VolumeException {
        if (volumes.containsKey(wish.name()) || unserved.containsKey(wish.name())) {
            throw new VolumeException(
                    "volume "
                            + wish.name()
                            + ": expected a new name, this daemon has a volume of that name");
        }
        VolumeSettings settings;
        try {
            settings = new VolumeSettings(Optional.of(wish.name()), members, OptionalLong.empty());
        } catch (IllegalArgumentException e) {
            throw new VolumeException(e.getMessage(), e);
        }
        FileClaims.Claim claim = claims.take(members, "volume " + wish.name());
        try {
            MemberFiles.create(wish, members, newFileBytes, force, System.currentTimeMillis());
        } finally {
            claim.close();
        }
        return openAndRemember(settings);
    }

    /// Stops serving a volume, in order.
    ///
    /// @param name its name
    /// @param forget whether a restart does not serve it either
    /// @return whether everything is home; if not, the journal has the rest
    /// @throws VolumeException when there is no such volume, or it cannot be forgotten
    public boolean close(String name, boolean forget) throws VolumeException {
        HostedVolume hosted;
        synchronized (this) {
            if (forget && unserved.containsKey(name)) {
                forget(name);
                return true;
            }
            hosted = volume(name);
            withdraw(name);
        }
        server.unregister(new ExportName(name), WITHDRAW_TIMEOUT);
        boolean isClean = stop(hosted, STOP_TIMEOUT);
        drills.forget(name);
        if (forget) {
            forget(name);
        }
        return isClean;
    }

    /// {@return labels of volumes that could not be opened and have members of other hosts}
    List<String> unreached() {
        return wanted.entrySet().stream()
                .filter(each -> hasRemote(each.getValue().settings()))
                .map(Map.Entry::getKey)
                .toList();
    }

    private static boolean hasRemote(VolumeSettings settings) {
        return settings.members().stream().anyMatch(each -> each.path().isEmpty());
    }

    /// Opens a volume that could not be opened before.
    ///
    /// @param label of {@link #unreached}
    /// @throws VolumeException when it still cannot be opened
    void openAgain(String label) throws VolumeException {
        Wanted volume = wanted.get(label);
        if (volume != null) {
            open(
                    volume.settings(),
                    volume.isRemembered(),
                    Tolerance.LEAVE_OUT,
                    () -> wanted.get(label) == volume);
        }
    }

    /// Ends a volume that has failed, and opens it again.
    ///
    /// @param hosted the volume
    /// @param lost members that were out of reach, which are to be taken back
    /// @throws VolumeException when it cannot be opened; it is not served then
    void reopen(HostedVolume hosted, Set<MemberAddress> lost) throws VolumeException {
        String name = hosted.name();
        Wanted again = new Wanted(hosted.settings(), hosted.isRemembered());
        synchronized (this) {
            if (volumes.get(name) != hosted) {
                return; // somebody else has closed it
            }
            wanted.put(name, again);
            withdraw(name);
        }
        refuse(name, "it failed for want of members of other hosts, and is being opened again");
        server.unregister(new ExportName(name), WITHDRAW_TIMEOUT);
        stop(hosted, STOP_TIMEOUT);
        try {
            openAgain(name);
            HostedVolume now = volumes.get(name);
            if (now != null) {
                now.unreached().addAll(lost);
            }
        } catch (VolumeException e) {
            if (wanted.get(name) == again) {
                refuse(name, e.getMessage());
            }
            throw e;
        }
    }

    private void withdraw(String name) {
        Map<String, HostedVolume> changed = new TreeMap<>(volumes);
        changed.remove(name);
        volumes = changed;
    }

    private synchronized void forget(String name) throws VolumeException {
        try {
            state.forget(name);
        } catch (ConfigException e) {
            throw new VolumeException(e.getMessage(), e);
        }
        Map<String, String> fewer = new TreeMap<>(unserved);
        fewer.remove(name);
        unserved = fewer;
        wanted.remove(name);
    }

    private static boolean stop(HostedVolume hosted, Duration timeout) {
        boolean isClean = false;
        try {
            isClean = hosted.volume().stop(timeout);
            hosted.counters().remove();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, "volume " + hosted.name() + ": while stopping", e);
        } finally {
            hosted.claim().close();
        }
        LOG.log(
                isClean ? System.Logger.Level.INFO : System.Logger.Level.WARNING,
                "volume "
                        + hosted.name()
                        + " stopped"
                        + (isClean
                                ? ""
                                : " with blocks in the journal: they are replayed at the next start"));
        return isClean;
    }

    /// Puts a new member in a slot, rebuilds it or copies the one to it that is there, and remembers where it is.
    ///
    /// @param name volume
    /// @param slot slot
    /// @param address where the new member is; a path is absolute
    /// @param force take it although it holds something
    /// @param make make the file when it is not there, as large as the members
    /// @param origin why, and who asks
    /// @return the rebuild's job id
    /// @throws VolumeException when another rebuild goes on, or it cannot be a member
    public synchronized long replaceMember(
            String name,
            int slot,
            MemberAddress address,
            boolean force,
            boolean make,
            JobOrigin origin)
            throws VolumeException {
        HostedVolume hosted = volume(name);
        long job =
                memberChanges.replace(
                        hosted,
                        slot,
                        address,
                        force,
                        make,
                        origin,
                        left -> {
                            memberLeft(hosted, left);
                            spares.leftBy(name, left); // without this lock
                        });
        if (!hosted.isRemembered()) {
            events.warn(
                    name,
                    "slot "
                            + slot
                            + " will be at "
                            + address
                            + ": the volume is served as its settings file or command line says, which must say so too before the next start");
        }
        return job;
    }

    private synchronized void memberLeft(HostedVolume hosted, MemberAddress address) {
        LOG.log(
                System.Logger.Level.INFO,
                "volume " + hosted.name() + ": " + address + " is let go of");
        try {
            if (volumes.get(hosted.name()) == hosted) {
                memberChanges.left(hosted, address);
            }
        } catch (VolumeException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "volume "
                            + hosted.name()
                            + ": "
                            + address
                            + " is no member of it any more, but stays claimed and remembered until a restart: "
                            + e.getMessage());
        }
    }

    /// Takes a dropped member back as it was left, copies what it has missed, and remembers where it is.
    ///
    /// @param name volume
    /// @param slot slot
    /// @param where where the member is; empty: where it was
    /// @param origin why, and who asks
    /// @return the rebuild's job id
    /// @throws VolumeException when the slot's member is in sync, or it may not come back so
    public synchronized long returnMember(
            String name, int slot, Optional<MemberAddress> where, JobOrigin origin)
            throws VolumeException {
        return memberChanges.takeBack(volume(name), slot, where, origin);
    }

    /// Makes a volume larger, as far as its members allow.
    ///
    /// @param name its name
    /// @param fileBytes how large members are made first that are files, and smaller; 0: they stay as they are
    /// @return what was done
    /// @throws VolumeException when it cannot grow now
    public synchronized GrowthPlan grow(String name, long fileBytes) throws VolumeException {
        return volume(name).volume().grow(fileBytes);
    }

    /// Begins to give a volume another shape, and remembers where its new members are.
    ///
    /// @param name its name
    /// @param wish how it is to be
    /// @param origin why, and who asks
    /// @throws VolumeException when it cannot be so, or a new member cannot be one; the volume is as before then
    public synchronized void reshape(String name, ReshapeWish wish, JobOrigin origin)
            throws VolumeException {
        memberChanges.reshape(volume(name), wish, origin);
    }

    /// Makes a schedule of scrubs of what is served.
    ///
    /// @param settings when
    /// @param clock the host's time
    /// @return the schedule, to be started
    public ScrubSchedule scrubSchedule(Recurrence settings, Clock clock) {
        return new ScrubSchedule(settings, clock, this::volumes);
    }

    /// Makes a schedule of drills of the spares.
    ///
    /// @param settings when
    /// @param clock the host's time
    /// @return the schedule, to be started
    public DrillSchedule drillSchedule(Recurrence settings, Clock clock) {
        return new DrillSchedule(
                "spare-drill-schedule", settings, clock, spares.drills()::scheduled);
    }

    /// Makes a schedule of drills of what is served.
    ///
    /// @param settings when
    /// @param clock the host's time
    /// @return the schedule, to be started
    public DrillSchedule volumeDrillSchedule(Recurrence settings, Clock clock) {
        return new DrillSchedule("drill-schedule", settings, clock, drills::scheduled);
    }

    /// {@return drills of the volumes}
    public VolumeDrills drills() {
        return drills;
    }

    /// Stops all volumes at the same time; no client may use them any more.
    ///
    /// @param timeout how long at most
    /// @return whether everything is home
    public boolean stopAll(Duration timeout) {
        Map<String, HostedVolume> all;
        synchronized (this) {
            isStopping = true;
            all = volumes;
            volumes = Map.of();
        }
        CountDownLatch stopped = new CountDownLatch(all.size());
        List<String> unclean = Collections.synchronizedList(new ArrayList<>());
        for (HostedVolume hosted : all.values()) {
            Thread.ofPlatform()
                    .name("stop-" + hosted.name())
                    .start(() -> {
                        try {
                            if (!stop(hosted, timeout)) {
                                unclean.add(hosted.name());
                            }
                        } finally {
                            stopped.countDown();
                        }
                    });
        }
        try {
            // Its threads may take a moment more than the engine.
            return stopped.await(timeout.toMillis() + 15_000, TimeUnit.MILLISECONDS)
                    && unclean.isEmpty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
