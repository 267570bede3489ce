package io.quoin.volume;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.intake.Request;
import io.quoin.volume.member.MemberSet;
import java.util.function.Consumer;

/// Makes a volume that is served larger, when its members have become longer.
///
/// ```
/// lengthen   canary rows trimmed, for they will be clients';
///            superblocks: the members end further on          a crash: nothing is there that anybody reads
/// (outside)  info areas of the new zones cleared, flushed
/// enlarge    superblocks: so many zones                       a crash: as large as the newest superblock says
///            the geometry grows, clients may be told
/// ```
///
/// The old end, with superblock copies 2 and 3, lies where a new zone will be: so the members' end moves first, and what is cleared is
/// nobody's by then.
///
/// In the engine's turns only.
final class Growth {
    private static final long TRIM_BYTES = 16L << 20;

    private final Geometry geometry;
    private final MemberSet members;
    private final Consumer<Request> front;
    private GrowthPlan plan;
    private int pending;
    private boolean isRefused;

    Growth(Geometry geometry, MemberSet members, Consumer<Request> front) {
        this.geometry = geometry;
        this.members = members;
        this.front = front;
    }

    /// {@return whether it is under way: jobs wait. A lost member ends it, so that a spare may come}
    boolean isUnderWay() {
        if (plan != null && !areAllInSync()) {
            plan = null;
        }
        return plan != null;
    }

    private boolean areAllInSync() {
        for (int slot = 0; slot < members.slotCount(); slot++) {
            if (!members.isInSync(slot)) {
                return false;
            }
        }
        return true;
    }

    /// Refuses a volume that is not whole.
    void check() {
        if (isUnderWay()) {
            throw new IllegalArgumentException("grow: the volume is being grown already");
        }
        for (int slot = 0; slot < members.slotCount(); slot++) {
            if (!members.isInSync(slot)) {
                throw new IllegalArgumentException(
                        "grow: expected all members in sync, slot "
                                + slot
                                + " is "
                                + (members.file(slot) == null
                                        ? "missing"
                                        : members.entry(slot).stateText())
                                + ": replace or return it first");
            }
        }
        assert members.entries().stream().allMatch(e -> e.state() == MemberEntry.IN_SYNC);
    }

    /// Moves the members' end.
    ///
    /// @param to what is planned
    /// @param then runs when that is durable
    void lengthen(GrowthPlan to, Runnable then) {
        check();
        plan = to;
        isRefused = false;
        pending = 1;
        members.relayout(
                Plant.GROWN_AT_ONCE.isPlanted() ? to.larger() : to.longer(),
                geometry,
                () -> ended(then));
        long end = geometry.allBlocks() * Geometry.BLOCK_BYTES;
        for (long at = geometry.volumeBlocks() * Geometry.BLOCK_BYTES;
                at < end && !Plant.CANARY_LEFT.isPlanted();
                at += TRIM_BYTES) {
            Request request =
                    new Request(
                            done -> {
                                isRefused |= done.outcome != Request.Outcome.OK;
                                ended(then);
                            },
                            null);
            request.op = Request.Op.TRIM;
            request.offsetBytes = at;
            request.lengthBytes = Math.min(TRIM_BYTES, end - at);
            pending++;
            front.accept(request);
        }
    }

    private void ended(Runnable then) {
        if (--pending == 0) {
            then.run();
        }
    }

    /// Uses what is before the new end, which reads as zeros where info will be.
    ///
    /// @param then runs when it is durable, with the geometry grown
    /// @throws IllegalArgumentException when a member was lost meanwhile, or the volume stops
    void enlarge(Runnable then) {
        if (!isUnderWay() || isRefused) {
            plan = null;
            throw new IllegalArgumentException(
                    "grow: "
                            + (isRefused
                                    ? "the volume stops"
                                    : "a member was lost meanwhile: grow again when all are in sync"));
        }
        Geometry grown = geometry.ofSize(memberBlocks(plan, geometry));
        members.relayout(
                plan.larger(),
                grown,
                () -> {
                    geometry.grow(grown.memberBlocks());
                    plan = null;
                    then.run();
                });
    }

    /// Gives up: the members stay longer, and hold what they did.
    void cancel() {
        plan = null;
    }

    private static long memberBlocks(GrowthPlan plan, Geometry geometry) {
        return Superblock.memberBlocks(plan.larger(), geometry.unitBlocks());
    }
}
