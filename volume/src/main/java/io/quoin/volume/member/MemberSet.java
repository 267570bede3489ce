package io.quoin.volume.member;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import java.util.ArrayList;
import java.util.List;

/// The members of a running volume: who is in sync, and the superblocks that say so durably.
///
/// A failed write or flush drops its member: from that moment the set is frozen, nothing is
/// acknowledged, until configEpoch + 1 is on every member that stays (and with the witness). Only
/// then the volume goes on (rule 4 of the write path, invariants I11 and I12). A member whose loss
/// would leave fewer than k in its group is not dropped durably: the volume stops instead, so that a
/// restart finds what is there.
///
/// ```
/// failed I/O -> fail(slot): entry FAULTY, configEpoch + 1, frozen -> MembershipWrites -> resumed
/// ```
///
/// In the engine's turns only.
public final class MemberSet {
    /// Told what happens to the members.
    public interface Listener {
        /// A member was dropped; nothing is acknowledged until resumed.
        ///
        /// @param slot its slot
        /// @param cause what failed
        void memberFailed(int slot, String cause);

        /// The new membership is durable.
        void resumed();

        /// A member takes long to answer and cannot be spared.
        ///
        /// @param slot its slot
        /// @param what the operation
        void memberLate(int slot, String what);

        /// A member has become much slower than its peers, or is no more.
        ///
        /// @param slot its slot
        /// @param what for operators
        default void memberSlow(int slot, String what) {}

        /// A member has got more wrong than is borne.
        ///
        /// @param slot its slot
        /// @param what what it got wrong
        default void memberWorn(int slot, String what) {}

        /// A member that was to take another one's place is let go of.
        ///
        /// @param slot the other one's slot
        /// @param cause what failed
        default void twinFailed(int slot, String cause) {}

        /// Too few members are left; the volume serves no more.
        ///
        /// @param cause what failed
        void volumeFailed(String cause);
    }

    private final Geometry geometry;
    private final BlockFile[] files;
    private final MemberIo[] ios;
    private final MemberEntry[] entries;
    private final MembershipWrites writes;
    private final SlotQueue[] queues;
    private final boolean[] isLate;

    /// Whether a dropped member was out of reach when it was.
    private final boolean[] wasLost;

    /// Operations that have ended on a slot's member and wait for the twin.
    private final int[] held;

    private final MemberHealth[] health;
    private final SlowMembers slowMembers = new SlowMembers(this::judged);
    private final Watchdog watchdog;
    private Listener listener;

    /// What a drill lets go wrong now; null: nothing.
    private StagedFault staged;

    private Twin twin;
    private final List<Twin> leaving = new ArrayList<>();

    /// The member whose place a twin has just taken, until that is durable; null: none.
    private Twin former;

    private long errorBudget;
    private long nowNanos; // 0 until the first turn
    private boolean failed;
    private Lease lease = Lease.FOR_EVER;
    private boolean isInDoubt;

    /// A set over open members.
    ///
    /// @param current newest superblock; its table says each slot's state
    /// @param files the members by slot, null where absent
    /// @param ios their I/O by slot, null where absent
    /// @param witness outside memory for mirrors
    /// @param limitNanos how long an operation may take before its member is dropped, 0: for ever
    public MemberSet(
            Superblock current,
            BlockFile[] files,
            MemberIo[] ios,
            Witness witness,
            long limitNanos) {
        this.geometry = current.geometry();
        this.files = files;
        this.ios = ios;
        int count = geometry.slotCount();
        entries = current.members().toArray(new MemberEntry[0]);
        writes = new MembershipWrites(current, entries, files, witness, new Writing());
        watchdog = new Watchdog(limitNanos);
        isLate = new boolean[count];
        wasLost = new boolean[count];
        held = new int[count];
        queues = new SlotQueue[count];
        health = new MemberHealth[count];
        for (int i = 0; i < count; i++) {
            queues[i] = new SlotQueue();
            health[i] = new MemberHealth();
        }
    }

    /// Says what recovery found on a slot's member: the others are written first.
    ///
    /// @param slot slot
    /// @param copies superblock copies that are whole and newest, a bit for each
    public void setNewestCopies(int slot, int copies) {
        writes.setNewest(slot, copies);
    }

    /// Sets what each member may get wrong until the operator is told.
    ///
    /// @param budget reads that failed and blocks that were rewritten, 0: anything
    public void setErrorBudget(long budget) {
        errorBudget = budget;
    }

    /// Sets whose lease nothing is acknowledged without.
    ///
    /// @param whose the owner's
    public void setLease(Lease whose) {
        lease = whose;
        doubt();
    }

    private void doubt() {
        if (!isInDoubt && !lease.holds()) {
            isInDoubt = true;
            holdAll();
        }
    }

    /// Names who is told.
    ///
    /// @param whom listener
    public void setListener(Listener whom) {
        listener = whom;
    }

    /// {@return fields of the next superblock; change them before {@link #persist}}
    public Superblock.Builder template() {
        return writes.template();
    }

    /// {@return the superblock as it would be written now}
    public Superblock current() {
        Superblock.Builder now = template().build().toBuilder();
        now.members = List.of(entries);
        return now.build();
    }

    /// {@return layout of every member}
    public MemberLayout layout() {
        return template().layout;
    }

    /// {@return the member file of a slot, or null}
    ///
    /// @param slot slot
    public BlockFile file(int slot) {
        return files[slot];
    }

    /// {@return the member files that are there}
    public BlockFile[] files() {
        return java.util.Arrays.stream(files)
                .filter(java.util.Objects::nonNull)
                .toArray(BlockFile[]::new);
    }

    /// {@return state of a slot's member}
    ///
    /// @param slot slot
    public MemberEntry entry(int slot) {
        return entries[slot];
    }

    /// {@return what a slot's member got wrong}
    ///
    /// @param slot slot
    public MemberHealth health(int slot) {
        return health[slot];
    }

    /// {@return whether a slot's member holds everything}
    ///
    /// @param slot slot
    public boolean isInSync(int slot) {
        return entries[slot].state() == MemberEntry.IN_SYNC && files[slot] != null;
    }

    /// {@return whether a slot's member holds an info group, now or once its writes return}
    ///
    /// @param slot slot
    /// @param infoGroup info group
    public boolean holds(int slot, long infoGroup) {
        if (files[slot] == null || !geometry.isIn(slot, infoGroup)) {
            return false;
        }
        return switch (entries[slot].state()) {
            case MemberEntry.IN_SYNC -> true;
            case MemberEntry.REBUILDING ->
                    Geometry.placeOf(infoGroup)
                            < entries[slot].cursor()
                                    + (Plant.REBUILDING_READ_AHEAD.isPlanted() ? 1 : 0);
            default -> Plant.READ_STALE_MEMBER.isPlanted();
        };
    }

    /// {@return members that have been much slower than their peers for a while, a bit for each slot}
    public int slowMask() {
        return slowMembers.avoided();
    }

    /// {@return members in sync}
    public int inSyncCount() {
        int count = 0;
        for (int slot = 0; slot < entries.length; slot++) {
            if (isInSync(slot)) {
                count++;
            }
        }
        return count;
    }

    private int inSyncOfGroup(int group) {
        return Integer.bitCount(inSyncMask(group));
    }

    /// {@return the most members in sync that a group has}
    public int mostInSyncOfGroup() {
        int most = 0;
        for (int group = 0; group < geometry.groupCount(); group++) {
            most = Math.max(most, inSyncOfGroup(group));
        }
        return most;
    }

    /// {@return the least number of members that a group could still lose}
    public int spareRedundancy() {
        int least = Integer.MAX_VALUE;
        for (int group = 0; group < geometry.groupCount(); group++) {
            least = Math.min(least, spareOfGroup(group));
        }
        return least;
    }

    /// {@return whether the volume can go on without a slot's member}
    ///
    /// @param slot slot
    public boolean canLose(int slot) {
        MemberEntry before = entries[slot];
        entries[slot] = before.with(MemberEntry.FAULTY, 0);
        boolean can = spareRedundancy() >= 0 && isReachableWithout(slot);
        entries[slot] = before;
        return can;
    }

    /// {@return the members that are in sync, a bit for each slot}
    public int inSyncMask() {
        int mask = 0;
        for (int slot = 0; slot < entries.length; slot++) {
            mask |= isInSync(slot) ? 1 << slot : 0;
        }
        return mask;
    }

    /// {@return the members of a group that are in sync, a bit for each slot}
    ///
    /// @param group group
    public int inSyncMask(int group) {
        int mask = 0;
        int width = geometry.lanes();
        for (int slot = group * width; slot < (group + 1) * width; slot++) {
            mask |= isInSync(slot) ? 1 << slot : 0;
        }
        return mask;
    }

    /// {@return how many members that are in sync a group can lose}
    ///
    /// @param group group
    public int spareOfGroup(int group) {
        return geometry.spare(group, this::isInSync);
    }

    /// {@return slots}
    public int slotCount() {
        return entries.length;
    }

    /// {@return whether superblocks are being written}
    public boolean isPersisting() {
        return writes.isWriting();
    }

    /// {@return groups}
    public int groupCount() {
        return geometry.groupCount();
    }

    /// {@return whether a membership change is not durable yet: nothing may be acknowledged}
    public boolean isFrozen() {
        return writes.isFrozen() || isInDoubt;
    }

    /// {@return whether the volume has stopped for good}
    public boolean isFailed() {
        return failed;
    }

    /// {@return whether a membership could not be made durable, so that nothing is acknowledged}
    public boolean isSuspended() {
        return writes.isSuspended();
    }

    /// Tells the time, at the beginning of each turn.
    ///
    /// @param nanos monotonic clock
    public void at(long nanos) {
        nowNanos = nanos;
        doubt();
    }

    /// Writes under way go on; no other is begun.
    private void holdAll() {
        for (SlotQueue queue : queues) {
            queue.hold();
        }
        for (Twin each : besides()) {
            each.queue.hold();
        }
    }

    /// {@return members that are in no slot: on their way in, or out}
    private List<Twin> besides() {
        List<Twin> besides = new ArrayList<>(leaving);
        if (twin != null) {
            besides.add(twin);
        }
        if (former != null && !besides.contains(former)) {
            besides.add(former);
        }
        return besides;
    }

    private void goOnAll() {
        for (SlotQueue queue : queues) {
            queue.goOn(watchdog.tick());
        }
        for (Twin each : besides()) {
            each.queue.goOn(watchdog.tick());
        }
    }

    /// {@return whether somebody else may have become the owner: nothing is begun then}
    public boolean isInDoubt() {
        return isInDoubt;
    }

    private void judged(int slot, boolean isSlow, long nanos, long peersNanos) {
        listener.memberSlow(
                slot,
                "member "
                        + name(slot)
                        + (isSlow ? " is slow" : " is slow no more")
                        + ": 99 of 100 durable writes within "
                        + nanos / 1000
                        + " us, "
                        + peersNanos / 1000
                        + " us on the others");
    }

    /// Starts an operation on a slot's member, or queues it when the member has enough to do.
    ///
    /// @param slot slot with a member
    /// @param io operation
    public void submit(int slot, Io io) {
        assert ios[slot] != null : "slot " + slot + " has no member";
        io.slot = slot;
        io.target = ios[slot];
        io.queue = queues[slot];
        io.twin = null;
        io.submittedNanos = nowNanos;
        io.isStagedToFail = false;
        if (staged != null) {
            staged.meet(io);
        }
        if (twin != null
                && twin.slot == slot
                && twin.isFor(io)
                && !Plant.TWIN_NOT_TOLD.isPlanted()) {
            twin.shadow(io, watchdog.tick());
        }
        queues[slot].submit(io, watchdog.tick());
    }

    /// Lets reads of a canary block go wrong until told otherwise: those of a client's never do.
    ///
    /// @param kind what goes wrong
    /// @param slot slot with a member
    /// @param row canary row
    /// @param most how often; a stall once
    /// @return the fault
    /// @throws IllegalArgumentException when the row is not a canary row of the slot's group
    public StagedFault stage(StagedFault.Kind kind, int slot, long row, int most) {
        if (!geometry.isCanary(row) || geometry.groupOf(row) != slot / geometry.width()) {
            throw new IllegalArgumentException(
                    "row: expected a canary row of slot " + slot + ", was " + row);
        }
        unstage();
        staged = new StagedFault(kind, slot, layout().dataOffset(geometry.memberBlock(row)), most);
        return staged;
    }

    /// Nothing is made to go wrong any more; what was held back goes on.
    public void unstage() {
        StagedFault over = staged;
        staged = null;
        if (over != null) {
            over.end();
        }
    }

    /// Starts an operation on the twin alone.
    ///
    /// @param io operation
    public void submitToTwin(Io io) {
        twin.submit(io, watchdog.tick());
    }

    /// Takes a completion and tells its listener.
    ///
    /// @param io done operation
    public void completed(Io io) {
        io.queue.completed(io, watchdog.tick());
        boolean isStaged = io.isStagedToFail && io.result.isOk();
        if (isStaged) {
            io.result = IoResult.ERROR;
        }
        if (io.twin == null && io.queue == queues[io.slot]) {
            if (io.kind == Io.Kind.READ && !io.result.isOk() && !isStaged) {
                health[io.slot].readFailed();
            } else if (io.kind == Io.Kind.WRITE_DURABLE && io.submittedNanos != 0) {
                health[io.slot].wrote(nowNanos - io.submittedNanos);
            }
        }
        if (io.kind == Io.Kind.READ && Plant.READ_ERROR_BELIEVED.isPlanted()) {
            io.result = IoResult.OK;
        }
        ended(io);
        if (!leaving.isEmpty()) {
            letGo();
        }
    }

    /// Tells who waits for an operation, once its shadow has ended too.
    private void ended(Io io) {
        if (io.shadowed != null) {
            if (!io.result.isOk() && io.twin == twin) {
                dropTwin(io.result + ", " + io);
            } else if (!io.result.isOk()) {
                fail(io); // it is the slot's member by now, or has left
            }
            Io original = io.twin.ended(io);
            if (original.isHeld) {
                original.isHeld = false;
                held[original.slot]--;
                original.listener.completed(original);
            }
        } else if (io.shadow != null) {
            io.isHeld = true;
            held[io.slot]++;
        } else {
            io.listener.completed(io);
        }
    }

    /// {@return the member that is to take a slot's place, or null}
    public Twin twin() {
        return twin;
    }

    /// Takes a member that is to take another one's place; from now on it gets what that gets.
    ///
    /// @param member the member; its slot's is in sync
    public void adoptTwin(Twin member) {
        assert twin == null && isInSync(member.slot) : "slot " + member.slot;
        twin = member;
        if (isInDoubt) {
            twin.queue.hold();
        }
    }

    /// Lets go of the member that was to take another one's place, if there is one.
    ///
    /// @param cause what failed, for operators
    public void dropTwin(String cause) {
        if (twin != null) {
            Twin dropped = twin;
            dropped.isGivenUp = true;
            twin = null;
            leaving.add(dropped);
            listener.twinFailed(dropped.slot, cause);
        }
    }

    /// Puts the twin in its slot: it has everything, and nothing is dirty. Its own superblock says so first: from then on the
    /// other one is not needed. Until then that one takes the slot again if the twin fails. Nothing is acknowledged until the
    /// change is durable on all.
    ///
    /// @param done runs when it is, with the slot's member in its entry: the twin, or the one before
    public void promoteTwin(Runnable done) {
        Twin member = twin;
        assert isInSync(member.slot) : "slot " + member.slot;
        twin = null;
        former = swap(member);
        writes.promote(member.slot);
        if (Plant.FORMER_LEFT_EARLY.isPlanted()) {
            leaving.add(former);
        }
        persist(() -> {
            leaving.add(former);
            former = null;
            done.run();
        });
    }

    /// Gives the slot back to the member that had it before the twin, whose first superblock could not be written.
    private void demote(String cause) {
        Twin failed = swap(former);
        former = failed; // what is let go of once this is durable
        writes.demote();
        listener.twinFailed(failed.slot, cause);
        persist(() -> {});
    }

    /// Makes a member that is whole the slot's, by a new epoch that is not durable yet.
    ///
    /// @return the one before
    private Twin swap(Twin member) {
        int slot = member.slot;
        Twin before =
                new Twin(
                        slot,
                        entries[slot].uuid(),
                        files[slot],
                        ios[slot],
                        queues[slot],
                        layout(),
                        member.whenLeft);
        writes.left(slot); // what is staged is the other one's
        writes.setNewest(slot, (1 << Superblock.COPIES) - 1);
        writes.forgetCursor(slot);
        entries[slot] = new MemberEntry(member.uuid, MemberEntry.IN_SYNC, 0, writes.changed());
        files[slot] = member.file;
        ios[slot] = member.io;
        queues[slot] = member.queue;
        health[slot] = new MemberHealth();
        return before;
    }

    private boolean isDemotable(int slot) {
        return former != null && former.slot == slot && !writes.isPromotionDurable();
    }

    /// Hands out the members that nothing is under way on any more.
    private void letGo() {
        for (int i = leaving.size() - 1; i >= 0; i--) {
            Twin left = leaving.get(i);
            if (left.queue.size() == 0) {
                leaving.remove(i);
                left.whenLeft.accept(new Detached(left.io, left.file));
            }
        }
    }

    /// Lets time pass, and drops members that do not answer: one whose oldest operation is overdue, as
    /// long as enough others of its group answer. When they do not, waiting is all that is left.
    ///
    /// @param nowNanos monotonic clock
    public void watch(long nowNanos) {
        if (isInDoubt && !failed && lease.holds()) {
            isInDoubt = false;
            goOnAll();
            if (!writes.isFrozen()) {
                listener.resumed();
            }
        }
        slowMembers.look(nowNanos, health);
        if (twin != null || !leaving.isEmpty()) {
            watchTwins();
        }
        for (int slot = 0; slot < health.length; slot++) {
            boolean isUsed = ios[slot] != null && entries[slot].state() != MemberEntry.FAULTY;
            String what = isUsed ? health[slot].wearsOut(errorBudget) : null;
            if (what != null) {
                listener.memberWorn(slot, what);
            }
        }
        if (!isInDoubt) {
            dropLost();
        }
        if (!watchdog.pass(nowNanos) || failed) {
            return;
        }
        for (int slot = 0; slot < entries.length; slot++) {
            Io oldest = queues[slot].oldest();
            boolean wasLate = isLate[slot];
            isLate[slot] = oldest != null && watchdog.isLate(oldest.startedTick);
            if (oldest == null || !watchdog.isOverdue(oldest.startedTick)) {
                continue;
            }
            if (entries[slot].state() == MemberEntry.FAULTY
                    || isDemotable(slot)
                    || canSpare(slot)) {
                SlotQueue queue = queues[slot];
                boolean wasDropped = entries[slot].state() == MemberEntry.FAULTY;
                fail(slot, IoResult.NO_ANSWER + ", " + oldest);
                abandon(queue);
                giveUp(slot, wasDropped);
            } else if (!wasLate) {
                listener.memberLate(slot, oldest.toString());
            }
        }
    }

    private void giveUp(int slot, boolean wasDropped) {
        if (ios[slot] != null && entries[slot].state() == MemberEntry.FAULTY) {
            ios[slot].giveUp();
            wasLost[slot] = wasDropped ? wasLost[slot] : ios[slot].isLost();
        }
    }

    /// {@return whether a member is out of reach, or was when it was dropped}
    ///
    /// @param slot its slot
    public boolean isLost(int slot) {
        return entries[slot].state() == MemberEntry.FAULTY
                ? wasLost[slot]
                : ios[slot] != null && ios[slot].isLost();
    }

    /// Drops members that are out of reach, before anybody has to wait for one.
    private void dropLost() {
        for (int slot = 0; slot < entries.length && !failed; slot++) {
            boolean isUsed = ios[slot] != null && entries[slot].state() != MemberEntry.FAULTY;
            if (isUsed && ios[slot].isLost() && (isDemotable(slot) || canSpare(slot))) {
                fail(slot, "connection lost");
            }
        }
    }

    /// Whether enough other members of a slot's group answer.
    private boolean canSpare(int slot) {
        if (entries[slot].state() != MemberEntry.IN_SYNC) {
            return true;
        }
        return geometry.spare(geometry.groupOfSlot(slot), other -> other != slot && answers(other))
                >= 0;
    }

    private boolean answers(int slot) {
        Io oldest = queues[slot].oldest();
        return isReachable(slot) && (oldest == null || !watchdog.isLate(oldest.startedTick));
    }

    private boolean isReachable(int slot) {
        return isInSync(slot) && ios[slot] != null && !ios[slot].isLost();
    }

    /// {@return whether enough other members of a slot's group are in sync and not out of reach}
    private boolean isReachableWithout(int slot) {
        return geometry.spare(
                        geometry.groupOfSlot(slot), other -> other != slot && isReachable(other))
                >= 0;
    }

    private void abandon(SlotQueue queue) {
        for (Io io : queue.abandon()) {
            io.result = IoResult.NO_ANSWER;
            ended(io);
        }
    }

    /// Gives up on a twin that does not answer: its slot's member waits for it. Nobody waits for one that was let go of.
    private void watchTwins() {
        Io oldest = twin == null ? null : twin.queue.oldest();
        if (oldest != null && watchdog.isOverdue(oldest.startedTick)) {
            dropTwin(IoResult.NO_ANSWER + ", " + oldest);
        }
        for (Twin left : List.copyOf(leaving)) {
            Io last = left.queue.oldest();
            if (last != null && (left.isGivenUp || watchdog.isOverdue(last.startedTick))) {
                abandon(left.queue);
            }
        }
        letGo();
    }

    /// {@return operations under way or queued on a slot's member}
    ///
    /// @param slot slot
    public int outstanding(int slot) {
        return queues[slot].size() + held[slot];
    }

    /// {@return whether any member has something to do}
    public boolean isBusy() {
        for (SlotQueue queue : queues) {
            if (queue.size() > 0) {
                return true;
            }
        }
        return twin != null && twin.queue.size() > 0 || former != null || !leaving.isEmpty();
    }

    /// Drops a member because an operation on it failed. Harmless when it was dropped already.
    ///
    /// @param io the failed write or flush
    public void fail(Io io) {
        if (io.queue != queues[io.slot]) {
            return; // its member has left the slot
        }
        fail(
                io.slot,
                io.result + ", " + io.kind.name().toLowerCase() + ", offset " + io.offsetBytes);
    }

    /// Drops a member.
    ///
    /// @param slot its slot
    /// @param cause what failed, for operators
    public void fail(int slot, String cause) {
        if (failed || entries[slot].state() == MemberEntry.FAULTY) {
            return;
        }
        if (isDemotable(slot)) {
            demote(cause);
            return;
        }
        boolean wasInSync = entries[slot].state() == MemberEntry.IN_SYNC;
        MemberEntry before = entries[slot];
        entries[slot] = before.dropped(template().configEpoch + 1);
        if (wasInSync && (spareRedundancy() < 0 || !isReachableWithout(slot))) {
            entries[slot] = before;
            failed = true;
            listener.volumeFailed(
                    "member " + name(slot) + " failed (" + cause + ") and no redundancy is left");
            return;
        }
        wasLost[slot] = ios[slot] != null && ios[slot].isLost();
        writes.changed();
        if (Plant.FAILURE_NOT_DURABLE.isPlanted()) {
            writes.thaw();
        }
        listener.memberFailed(slot, cause);
        if (twin != null && twin.slot == slot) {
            dropTwin("the member whose place it was to take failed");
        }
        if (Plant.FAILURE_NOT_DURABLE.isPlanted()) {
            listener.resumed();
            return;
        }
        persist(() -> {});
    }

    /// Ends all: nothing is acknowledged any more, and nothing of that is written down. What can be taken back is.
    ///
    /// @param cause why, for operators
    public void stop(String cause) {
        if (failed) {
            return;
        }
        failed = true;
        listener.volumeFailed(cause);
        for (int slot = 0; slot < queues.length; slot++) {
            withdraw(queues[slot], ios[slot]);
        }
        for (Twin each : besides()) {
            withdraw(each.queue, each.io);
        }
    }

    private void withdraw(SlotQueue queue, MemberIo io) {
        for (Io each : queue.abandonBacklog()) {
            each.result = IoResult.CLOSED;
            ended(each);
        }
        if (io != null) {
            io.giveUp();
        }
    }

    /// Flushes members side by side; one whose flush fails leaves the set.
    ///
    /// @param slots a bit for each slot with a member
    /// @param then runs when all are done, whether the volume has failed meanwhile or not
    public void flush(int slots, Runnable then) {
        int[] pending = {1 + Integer.bitCount(slots)};
        Runnable done =
                () -> {
                    if (--pending[0] == 0) {
                        then.run();
                    }
                };
        for (int slot = 0; slot < entries.length; slot++) {
            if ((slots >> slot & 1) != 0) {
                Io io = new Io();
                io.kind = Io.Kind.FLUSH;
                io.listener =
                        ended -> {
                            if (!ended.result.isOk()) {
                                fail(ended);
                            }
                            done.run();
                        };
                submit(slot, io);
            }
        }
        done.run();
    }

    /// Changes a slot's member or its state, or begins an epoch without such a change. Nothing is
    /// acknowledged until the change is durable, which it is when done runs.
    ///
    /// @param slot slot, or -1 for no change of the table
    /// @param entry new entry
    /// @param file new file, or the old one
    /// @param io its I/O
    /// @param done runs once the change is durable
    public void change(int slot, MemberEntry entry, BlockFile file, MemberIo io, Runnable done) {
        if (slot >= 0) {
            if (entry.state() == MemberEntry.REBUILDING) {
                health[slot] = new MemberHealth();
            }
            entries[slot] = entry;
            if (files[slot] != file) {
                queues[slot] = new SlotQueue();
                if (isInDoubt) {
                    queues[slot].hold();
                }
            }
            files[slot] = file;
            ios[slot] = io;
            writes.forgetCursor(slot);
        }
        writes.changed();
        persist(done);
    }

    /// A member that was taken out of its slot.
    ///
    /// @param io its I/O
    /// @param file its file, or null
    public record Detached(MemberIo io, BlockFile file) implements AutoCloseable {
        /// Ends the threads and closes the file; not in the engine's turn. A file in which an operation
        /// is stuck stays open, for the kernel does not let go of it either.
        @Override
        public void close() {
            io.close();
            if (io.isQuiet() || file.isClosableWhenStuck()) {
                file.close();
            }
        }
    }

    /// Takes the dropped member out of a slot, so that its file can be closed and, perhaps, be given back
    /// as a blank member.
    ///
    /// @param slot slot whose member is faulty
    /// @return the member, or null when there is none
    /// @throws IllegalArgumentException when operations on it are still under way
    public Detached detach(int slot) {
        assert entries[slot].state() == MemberEntry.FAULTY : "slot " + slot;
        if (outstanding(slot) > 0) {
            throw new IllegalArgumentException(
                    "slot "
                            + slot
                            + ": "
                            + outstanding(slot)
                            + " operations on the dropped member are still under way: try again");
        }
        Detached detached = ios[slot] == null ? null : new Detached(ios[slot], files[slot]);
        ios[slot] = null;
        files[slot] = null;
        writes.left(slot);
        return detached;
    }

    /// Notes how far a rebuilding member has come, for {@link #holds}; durable with the next
    /// {@link #persist} after {@link #syncCursors}.
    ///
    /// @param slot slot
    /// @param infoGroups info groups complete
    public void advanceCursor(int slot, long infoGroups) {
        MemberEntry entry = entries[slot];
        if (entry.state() == MemberEntry.REBUILDING) {
            assert infoGroups >= entry.cursor() : "cursor moves back to " + infoGroups;
            entries[slot] = entry.with(MemberEntry.REBUILDING, infoGroups);
        }
    }

    /// {@return how far each slot's rebuild has come; 0 for those that are not rebuilding}
    public long[] cursors() {
        return writes.cursors();
    }

    /// Lets cursors become durable with the next superblock: the info blocks below them are on stable
    /// storage.
    ///
    /// @param cursors from {@link #cursors}, taken before those info blocks were written
    public void syncCursors(long[] cursors) {
        writes.syncCursors(cursors);
    }

    /// {@return what operators call a slot's member}
    ///
    /// @param slot slot
    public String name(int slot) {
        return "m" + slot + (files[slot] == null ? "" : " (" + files[slot].name() + ")");
    }

    /// Writes the template to the superblocks of all members in the set.
    ///
    /// @param done runs when a superblock with everything that the template says now is durable on
    ///     every member of the set; never, if the volume fails
    public void persist(Runnable done) {
        writes.persist(done);
    }

    /// Has the members laid out otherwise: as before, and more behind it.
    ///
    /// @param layout where things lie from now on
    /// @param geometry what is there
    /// @param done as of {@link #persist}
    public void relayout(MemberLayout layout, Geometry geometry, Runnable done) {
        writes.relayout(layout, geometry);
        persist(done);
    }

    private final class Writing implements MembershipWrites.Owner {
        @Override
        public void submit(int slot, Io io) {
            MemberSet.this.submit(slot, io);
        }

        @Override
        public void failed(Io io) {
            fail(io);
        }

        @Override
        public boolean isFailed() {
            return failed;
        }

        @Override
        public void resumed() {
            listener.resumed();
        }
    }

    /// {@return whether nothing is in any member's hands}
    public boolean isQuiet() {
        boolean isQuiet = true;
        for (MemberIo io : ios) {
            isQuiet &= io == null || io.isQuiet();
        }
        for (Twin each : besides()) {
            isQuiet &= each.io.isQuiet();
        }
        return isQuiet;
    }

    /// {@return the files in which an operation may be stuck: who takes the members over leaves them open}
    public List<BlockFile> stuckFiles() {
        List<BlockFile> stuck = new ArrayList<>();
        for (int slot = 0; slot < ios.length; slot++) {
            if (ios[slot] != null && !ios[slot].isQuiet()) {
                stuck.add(files[slot]);
            }
        }
        return stuck;
    }

    /// {@return whether nothing is under way but on members that were dropped}
    public boolean isQuietButForDropped() {
        for (int slot = 0; slot < ios.length; slot++) {
            boolean isDropped = entries[slot].state() == MemberEntry.FAULTY;
            if (!isDropped && ios[slot] != null && !ios[slot].isQuiet()) {
                return false;
            }
        }
        return true;
    }

    /// Ends the threads of all members, whose files another set takes over; not in the engine's turn, and when all are quiet. Members
    /// that are in no slot are closed.
    public void leave() {
        closeBesides();
        for (MemberIo io : ios) {
            if (io != null) {
                io.close();
            }
        }
    }

    /// Ends the threads of all members and closes their files; not in the engine's turn.
    public void close() {
        closeBesides();
        for (int slot = 0; slot < ios.length; slot++) {
            if (ios[slot] != null) {
                new Detached(ios[slot], files[slot]).close();
            }
        }
    }

    private void closeBesides() {
        if (twin != null) {
            leaving.add(twin);
        }
        if (former != null) {
            leaving.add(former);
        }
        for (Twin left : leaving) {
            new Detached(left.io, left.file).close();
        }
    }

    /// {@return the entries as they stand}
    public List<MemberEntry> entries() {
        return List.of(entries);
    }

    /// {@return I/O of a slot's member, or null}
    ///
    /// @param slot slot
    public MemberIo io(int slot) {
        return ios[slot];
    }
}
