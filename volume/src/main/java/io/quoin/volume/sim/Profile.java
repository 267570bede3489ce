package io.quoin.volume.sim;

/// What a simulated history goes through.
public enum Profile {
    /// Power cuts at any operation, also in recovery.
    CRASHES,
    /// The same, and up to m members gone and back, rolled back, truncated, blank, cloned, dropped.
    LOSSES,
    /// Up to m members that lie and fail, and power cuts.
    FAULTY,
    /// Members lost and rebuilt, rot and scrubs, with crashes in between.
    REPAIRS,
    /// Every kind of fault on up to m members at a time, operators, pauses, then peace: the volume must
    /// heal, and a scrub find nothing.
    STORM,
    /// More faults than the volume promises to bear: errors are allowed, wrong bytes are not.
    BEYOND,
    /// Short histories with a power cut at every single operation, each with up to m members lost.
    EVERY_CRASH,
    /// Little at a time where every limit is near, and power cuts that come while a drawn part of it is being
    /// written, many in a row: in recovery, in its first batch, in a checkpoint, in a destage round.
    EDGES,
    /// Canary rows damaged on purpose, with clients, crashes, jobs and losses at any moment of it.
    DRILLS,
    /// Members copied to others that take their place, with clients, crashes, faults, losses and operators at any moment of it.
    COPIES,
    /// Disks that stand still for a while, so that batches are written elsewhere, and go on.
    STALLS,
    /// Disks that become longer, and a volume that grows onto what is new while clients use it.
    GROWTH,
    /// Volumes that get another shape, and members that join and leave for it, while clients use them.
    RESHAPE
}
