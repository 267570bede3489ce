package io.quoin.volume.journal;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.format.Batch;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberSet;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.function.LongConsumer;
import java.util.function.ObjIntConsumer;

/// Reads every copy of the live journal, which is otherwise read after a crash only, and holds each batch against what it says
/// of itself: place, header CRC, CRC of each block.
///
/// ```
/// run     the copies that recovery would need now, as far as their batches are committed
/// step    reads a window of one copy, in small operations
///         verifies the batches that are whole in it, and goes on behind the last of them
/// ```
///
/// Nothing is written: where the journal may write nobody else does. What is told of a damaged copy is to bring home what it
/// holds; then nobody needs it, and its place is written anew. Batches that a restart found were judged by recovery, and are
/// going home.
///
/// In the engine's own steps only.
public final class JournalCheck {
    private static final int READ_BYTES = 128 << 10;

    /// Batches of a segment on one member.
    ///
    /// @param end where those end that were committed when the check began
    private record Copy(Segments.Segment segment, int slot, int journalSlot, int end) {}

    private final Journal journal;
    private final MemberSet members;
    private final ObjIntConsumer<String> findings;
    private final LongConsumer taken;
    private final int maxBatchBytes;
    private final int windowBytes;
    private final ArrayDeque<Copy> copies = new ArrayDeque<>();
    private final Batch.Header header = new Batch.Header();
    private MemorySegment window;
    private Runnable then;
    private Copy copy;
    private int at;
    private int length;
    private int pending;
    private boolean isUnreadable;
    private boolean isToVerify;
    private long checkedBytes;

    /// A check of a volume's journal.
    ///
    /// @param journal whose
    /// @param members where its copies are
    /// @param taken told how many bytes are read
    /// @param findings told what was found, and the slot
    public JournalCheck(
            Journal journal,
            MemberSet members,
            LongConsumer taken,
            ObjIntConsumer<String> findings) {
        this.journal = journal;
        this.members = members;
        this.taken = taken;
        this.findings = findings;
        maxBatchBytes = journal.maxBatchBytes();
        windowBytes = Math.min(members.layout().segmentBytes(), 2 * maxBatchBytes);
    }

    /// Begins a check.
    ///
    /// @param whenDone runs at the end, in a step
    public void run(Runnable whenDone) {
        assert then == null : "under way";
        then = whenDone;
        checkedBytes = 0;
        window = Arena.ofAuto().allocate(windowBytes, BLOCK_BYTES);
        journal.forEachLive((segment, end) -> {
            for (int slot = 0; slot < members.slotCount(); slot++) {
                int place = segment.slotOf[slot];
                if (place >= 0 && members.isInSync(slot) && end > segment.ownFrom) {
                    copies.addLast(new Copy(segment, slot, place, end));
                }
            }
        });
    }

    /// {@return whether a check is under way}
    public boolean isRunning() {
        return then != null;
    }

    /// {@return whether something is being read}
    public boolean isReading() {
        return pending > 0;
    }

    /// {@return bytes verified since {@link #run}}
    public long checkedBytes() {
        return checkedBytes;
    }

    /// {@return whether {@link #step} has something to do}
    ///
    /// @param mayRead whether more may be read
    public boolean isStepDue(boolean mayRead) {
        return isRunning() && pending == 0 && (mayRead || isToVerify);
    }

    /// Goes on.
    ///
    /// @param mayRead whether more may be read
    /// @param isEnough whether to end with what was seen
    /// @return whether anything was done
    public boolean step(boolean mayRead, boolean isEnough) {
        if (!isRunning() || pending > 0) {
            return false;
        }
        if (isToVerify) {
            isToVerify = false;
            verify();
            return true;
        }
        if (isEnough) {
            copies.clear();
            copy = null;
        } else {
            // Those that were freed meanwhile take no step each, for the next one may be a second
            // away.
            while (copy == null ? !copies.isEmpty() : at >= copy.end() || !isLive()) {
                copy = copies.pollFirst();
                at = copy == null ? 0 : copy.segment().ownFrom;
            }
        }
        if (copy == null) {
            end();
            return true;
        }
        if (mayRead) {
            read();
        }
        return mayRead;
    }

    private void end() {
        Runnable whenDone = then;
        then = null;
        window = null;
        whenDone.run();
    }

    /// Whether recovery would need the copy now, and it is where it was.
    private boolean isLive() {
        return members.isInSync(copy.slot())
                && copy.segment().slotOf[copy.slot()] == copy.journalSlot()
                && journal.isLive(copy.segment());
    }

    private void read() {
        length = Math.min(windowBytes, copy.end() - at);
        isUnreadable = false;
        pending = 1;
        taken.accept(length);
        MemberLayout layout = members.layout();
        long from = layout.segmentOffset(copy.journalSlot()) + at;
        for (int done = 0; done < length; done += READ_BYTES) {
            pending++;
            Io io = new Io();
            io.set(Io.Kind.READ, window, done, Math.min(READ_BYTES, length - done), from + done);
            io.listener =
                    ended -> {
                        isUnreadable |= !ended.result.isOk();
                        readDone();
                    };
            members.submit(copy.slot(), io);
        }
        readDone();
    }

    private void readDone() {
        if (--pending == 0) {
            isToVerify = true;
        }
    }

    private void verify() {
        if (!isLive()) {
            return; // its place may be another's by now
        }
        if (isUnreadable) {
            found("cannot be read");
            return;
        }
        boolean isLast = at + length == copy.end();
        int position = 0;
        while (position < length && (isLast || length - position >= maxBatchBytes)) {
            if (!isBatch(position)) {
                found("is damaged");
                return;
            }
            position += header.totalBytes;
        }
        checkedBytes += position;
        at += position;
    }

    private boolean isBatch(int position) {
        return Batch.readHeader(
                        window, position, length - position, members.template().volumeTag, header)
                && header.segment == copy.segment().id
                && header.segmentOffset == at + position
                && Batch.isPayloadValid(window, position, header);
    }

    private void found(String what) {
        Copy damaged = copy;
        copy = null;
        findings.accept(
                "journal segment "
                        + damaged.segment().id
                        + " (journal slot "
                        + damaged.journalSlot()
                        + "), batches from byte "
                        + at
                        + " of "
                        + damaged.end()
                        + ": the copy "
                        + what,
                damaged.slot());
    }
}
