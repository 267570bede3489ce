package io.quoin.volume.repair;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static io.quoin.volume.geometry.Geometry.ROWS_PER_INFO;

import io.quoin.volume.destage.Checkpointer;
import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.intake.BufferPool;
import io.quoin.volume.intake.Intake;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.read.HomeReader;
import io.quoin.volume.row.InfoCache;
import io.quoin.volume.row.InfoGroup;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;

/// Moves a volume into another shape, a window of blocks at a time, from one of its ends to the other.
///
/// ```
/// blocks    0 ........ cut ......... next ................ end        going up; going down is the mirror image
/// shape     the new one | the window | the former one
/// ```
///
/// | step | what | why it is safe |
/// |---|---|---|
/// | wait | nothing new on the window's blocks gets a sequence; what has one is committed | what is read is the newest |
/// | read | the blocks, verified, decoded where need be | |
/// | lock | the former rows' info groups, all or none | no destage round is on them |
/// | write | all that has content, what is dirty too, and a CUT, as one transaction of the journal | from its commit on the blocks are dirty, in memory and in the journal, and have their rows in the new shape |
/// | cut | the former groups are gone, the new ones begin as never written | |
///
/// From there on nothing is special: dirty rows go home like any, and the journal's tail does not pass the transaction before they
/// are. The members' space that is written then held rows that have moved, in this window or earlier; so there is no moment at which a
/// block has no home, and a crash or the loss of members at any of them is an ordinary one.
///
/// In the engine's turns only.
public final class Reshaper {
    private enum Step {
        IDLE,
        WAIT,
        READ,
        LOCK,
        WRITE
    }

    private final Geometry geometry;
    private final MemberSet members;
    private final Intake intake;
    private final HomeReader reader;
    private final DirtyIndex dirty;
    private final InfoCache cache;
    private final BufferPool pool;
    private final Checkpointer checkpointer;
    private final Governor governor;
    private final Runnable bringHome;
    private final Consumer<String> whenStopped;

    private final List<InfoGroup> groups = new ArrayList<>();
    private final BitSet mask = new BitSet();
    private Step step = Step.IDLE;
    private boolean isRunning;
    private boolean isSuspending;
    private boolean isEnding;
    private boolean isMoved;
    private Runnable whenMoved = () -> {};
    private long next;
    private long first;
    private int count;
    private int buffer;
    private int missing;

    /// A reshaper of a volume.
    ///
    /// @param geometry the shapes; its cut is moved
    /// @param members who holds what
    /// @param intake holds clients back, and takes what is moved
    /// @param reader reads what is moved
    /// @param dirty index
    /// @param cache info groups
    /// @param pool memory
    /// @param checkpointer makes the end durable
    /// @param governor says how fast
    /// @param bringHome has everything carried home
    /// @param whenStopped told why when it cannot go on
    public Reshaper(
            Geometry geometry,
            MemberSet members,
            Intake intake,
            HomeReader reader,
            DirtyIndex dirty,
            InfoCache cache,
            BufferPool pool,
            Checkpointer checkpointer,
            Governor governor,
            Runnable bringHome,
            Consumer<String> whenStopped) {
        this.geometry = geometry;
        this.members = members;
        this.intake = intake;
        this.reader = reader;
        this.dirty = dirty;
        this.cache = cache;
        this.pool = pool;
        this.checkpointer = checkpointer;
        this.governor = governor;
        this.bringHome = bringHome;
        this.whenStopped = whenStopped;
    }

    /// {@return whether windows are moved, or one that was begun has not ended}
    public boolean isRunning() {
        return isRunning;
    }

    /// {@return whether every block has moved, durably}
    public boolean isMoved() {
        return isMoved;
    }

    /// Names who is told when every block has moved, durably.
    ///
    /// @param then runs once for each start
    public void onMoved(Runnable then) {
        whenMoved = then;
    }

    /// Begins, or goes on.
    public void start() {
        assert !isRunning && geometry.former() != null : "start";
        isRunning = true;
        isSuspending = false;
        governor.begin();
    }

    /// Ends once the window under way is moved.
    public void suspend() {
        isSuspending = true;
    }

    /// {@return blocks that have moved}
    public long movedBlocks() {
        return geometry.isDescending()
                ? geometry.volumeBlocks() - geometry.cutBlock()
                : geometry.cutBlock();
    }

    /// Goes on with what is due.
    ///
    /// @param mayBegin whether another window may be begun
    /// @return whether anything was done
    public boolean step(boolean mayBegin) {
        if (!isRunning || members.isFailed()) {
            return false;
        }
        governor.step(step == Step.IDLE ? 0 : 1);
        return switch (step) {
            case IDLE -> goOn(mayBegin);
            case WAIT -> read();
            case LOCK -> lock();
            case READ, WRITE -> false;
        };
    }

    /// {@return whether {@link #step} has more to do now}
    ///
    /// @param mayBegin whether another window may be begun
    public boolean isStepDue(boolean mayBegin) {
        return isRunning
                && switch (step) {
                    case IDLE ->
                            isSuspending
                                    || !isEnding
                                            && (geometry.isReshaped()
                                                    || mayBegin && governor.mayTake());
                    case WAIT -> intake.isMoveReady(); // clients wait for it
                    case LOCK -> true;
                    case READ, WRITE -> false;
                };
    }

    /// {@return nanoseconds after which {@link #step} has more to do, though nothing happens until then; 0 or less: none}
    public long waitNanos() {
        return isRunning && step == Step.IDLE && !isEnding ? governor.waitNanos() : 0;
    }

    private boolean goOn(boolean mayBegin) {
        if (isSuspending && !isEnding) {
            end();
            return true;
        }
        if (geometry.isReshaped()) {
            return complete();
        }
        return mayBegin && governor.mayTake() && begin();
    }

    private void end() {
        isRunning = false;
        governor.end();
    }

    private boolean complete() {
        if (isEnding) {
            return false;
        }
        isEnding = true;
        bringHome.run();
        checkpointer.request(() -> {
            isEnding = false;
            isMoved = true;
            end();
            whenMoved.run();
        });
        return true;
    }

    private boolean begin() {
        next = geometry.nextCut();
        first = Math.min(next, geometry.cutBlock());
        count = Math.toIntExact(Math.abs(next - geometry.cutBlock()));
        buffer = pool.tryAllocate(count * BLOCK_BYTES);
        if (buffer < 0) {
            return false;
        }
        if (!intake.beginMove(first, count)) {
            pool.free(buffer);
            return false;
        }
        governor.taken((long) count * BLOCK_BYTES);
        step = Step.WAIT;
        read();
        return true;
    }

    private boolean read() {
        if (!intake.isMoveReady() && !Plant.MOVED_OVER_NEWER.isPlanted()) {
            return false;
        }
        step = Step.READ;
        reader.readBlocks(
                first,
                count,
                pool.region(),
                buffer,
                isOk -> {
                    if (members.isFailed()) {
                        return;
                    }
                    if (isOk) {
                        load();
                    } else {
                        giveUp();
                    }
                });
        return true;
    }

    private void giveUp() {
        pool.free(buffer);
        step = Step.IDLE;
        isSuspending = true;
        intake.endMove();
        whenStopped.accept(
                "some of the blocks "
                        + first
                        + " to "
                        + (first + count - 1)
                        + " cannot be read: have them written anew or trimmed, then resume");
    }

    private void load() {
        long before = -1;
        List<Long> keys = new ArrayList<>();
        for (long block = first; block < first + count; block++) {
            long key = geometry.infoGroupOf(geometry.rowOf(block));
            if (key != before && !keys.contains(key)) {
                keys.add(key);
            }
            before = key;
        }
        groups.clear();
        missing = keys.size();
        for (long key : keys) {
            cache.require(
                    key,
                    group -> {
                        group.pin();
                        groups.add(group);
                        if (--missing == 0) {
                            step = Step.LOCK;
                        }
                    });
        }
    }

    /// All or none: who holds some of them may wait for another.
    private boolean lock() {
        for (int i = 0; i < groups.size(); i++) {
            if (!groups.get(i).tryLock()) {
                while (--i >= 0) {
                    groups.get(i).unlock();
                }
                return false;
            }
        }
        groups.forEach(InfoGroup::unpin);
        mask.clear();
        for (int i = 0; i < count; i++) {
            mask.set(i, hasContent(first + i));
        }
        step = Step.WRITE;
        intake.move(buffer, mask, next, this::moved);
        return true;
    }

    private boolean hasContent(long block) {
        int version = dirty.newest(block);
        if (version != DirtyIndex.NONE && !Plant.DIRTY_NOT_MOVED.isPlanted()) {
            return dirty.kind(version) != DirtyIndex.TRIM;
        }
        if (version != DirtyIndex.NONE) {
            return false;
        }
        long row = geometry.rowOf(block);
        InfoGroup group = cache.peek(geometry.infoGroupOf(row));
        int lane = geometry.laneOf(geometry.slotAt(row, geometry.positionOf(block)));
        return !BlockInfo.isContentless(
                group.image(), group.record(lane, geometry.indexInInfoGroup(row)));
    }

    private void moved() {
        geometry.moveCut(next);
        for (InfoGroup group : groups) {
            cache.discard(group.key());
        }
        beginUnused(geometry, cache, first, first + count);
        cache.requireUnused();
        for (InfoGroup group : groups) {
            group.unlock();
        }
        groups.clear();
        step = Step.IDLE;
        intake.endMove();
    }

    /// Has the info groups of blocks that were moved begin as never written: all that is on them is dirty.
    ///
    /// @param geometry the shapes
    /// @param cache info groups
    /// @param first first block
    /// @param end block behind the last
    public static void beginUnused(Geometry geometry, InfoCache cache, long first, long end) {
        long firstRow = geometry.rowsFor(first);
        long endRow = geometry.rowsFor(end);
        for (long key = firstRow / ROWS_PER_INFO; key * ROWS_PER_INFO < endRow; key++) {
            if (!Plant.MOVED_INFO_KEPT.isPlanted()) {
                cache.beginUnused(key);
            }
        }
    }
}
