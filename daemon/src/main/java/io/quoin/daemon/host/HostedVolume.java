package io.quoin.daemon.host;

import io.quoin.daemon.config.VolumeSettings;
import io.quoin.daemon.observe.CountersFile;
import io.quoin.volume.Volume;
import io.quoin.volume.VolumeStatus;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.remote.MemberAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/// A volume that is served. Its settings change only under the host's lock.
public final class HostedVolume implements ScrubSchedule.Scrubbed {
    private final Volume volume;
    private final CountersFile counters;
    private final Counters counted;
    private final FileClaims.Claim claim;
    private final Map<UUID, MemberAddress> addressByMember = new HashMap<>();
    private final UUID uuid;
    private final Set<MemberAddress> unreached = ConcurrentHashMap.newKeySet();
    private VolumeSettings settings;
    private boolean isRemembered;

    HostedVolume(
            Volume volume,
            VolumeSettings settings,
            boolean isRemembered,
            CountersFile counters,
            FileClaims.Claim claim,
            Survey survey) {
        Map<MemberAddress, Superblock> seen = survey.superblocks();
        this.volume = volume;
        this.settings = settings;
        this.isRemembered = isRemembered;
        this.counters = counters;
        counted = new Counters(counters.values());
        this.claim = claim;
        uuid = seen.values().iterator().next().volume();
        unreached.addAll(survey.unreached());
        seen.forEach((address, superblock) -> addressByMember.put(superblock.member(), address));
    }

    /// {@return members of other hosts that are to be taken back when they answer: out of reach when the volume was opened, or lost since}
    Set<MemberAddress> unreached() {
        return unreached;
    }

    /// {@return the engine}
    public Volume volume() {
        return volume;
    }

    @Override
    public VolumeStatus status() throws VolumeException {
        return volume.status();
    }

    @Override
    public void scrub() throws VolumeException {
        volume.startScrub(JobOrigin.SCHEDULE);
    }

    /// {@return its name}
    @Override
    public String name() {
        return volume.name();
    }

    /// {@return its identity}
    UUID uuid() {
        return uuid;
    }

    /// {@return whether a restart serves it without being told}
    public boolean isRemembered() {
        return isRemembered;
    }

    void setRemembered(boolean remembered) {
        isRemembered = remembered;
    }

    /// {@return how it was opened, with the members it has now}
    public VolumeSettings settings() {
        return settings;
    }

    void setSettings(VolumeSettings changed) {
        settings = changed;
    }

    /// {@return what it counts and times}
    public Counters counted() {
        return counted;
    }

    CountersFile counters() {
        return counters;
    }

    FileClaims.Claim claim() {
        return claim;
    }

    /// {@return how large a member is at least}
    long memberBytes() {
        return volume.memberBytes();
    }

    /// {@return where a member was when the volume was opened, or null}
    MemberAddress addressOf(UUID member) {
        return addressByMember.get(member);
    }

    void addAddress(UUID member, MemberAddress address) {
        addressByMember.put(member, address);
    }
}
