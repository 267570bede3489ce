package io.quoin.volume.sim;

import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;

/// What a run did, by profile and in all. Any thread.
public final class SimReport {
    private final Map<Profile, SimTally> byProfile = new EnumMap<>(Profile.class);
    private final SimTally total = new SimTally();

    SimReport() {}

    synchronized void add(Profile profile, SimTally tally) {
        byProfile.computeIfAbsent(profile, each -> new SimTally()).add(tally);
        total.add(tally);
    }

    /// {@return histories}
    public synchronized long runs() {
        return total.runs;
    }

    /// {@return operations on members}
    public synchronized long operations() {
        return total.operations;
    }

    /// {@return what was done, a line in all}
    public synchronized String total() {
        return total.toString();
    }

    /// {@return what was done, by profile}
    public synchronized Map<Profile, String> byProfile() {
        Map<Profile, String> lines = new EnumMap<>(Profile.class);
        byProfile.forEach((profile, tally) -> lines.put(profile, tally.toString()));
        return lines;
    }

    /// {@return how often each fault struck}
    public synchronized Map<Fault, Long> faults() {
        Map<Fault, Long> counts = new EnumMap<>(Fault.class);
        for (Fault fault : Fault.values()) {
            counts.put(fault, total.count(fault));
        }
        return counts;
    }

    /// {@return how often each fault struck, by operation, zone and state of the volume; empty when that
    /// was not asked for}
    public synchronized Map<String, Long> marks() {
        return new TreeMap<>(total.marks);
    }
}
