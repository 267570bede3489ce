package io.quoin.volume;

import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.journal.Journal;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.row.InfoCache;
import io.quoin.volume.row.InfoGroup;
import io.quoin.volume.row.RowImage;
import io.quoin.volume.row.RowReader;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Says what is known of a block: reads its row from all members that hold it, holds each against its info, and
/// changes nothing.
///
/// In the engine's turns only.
final class Explainer {
    private final Geometry geometry;
    private final MemberSet members;
    private final DirtyIndex dirty;
    private final Journal journal;
    private final InfoCache cache;
    private final RowReader rows;

    Explainer(
            Geometry geometry,
            MemberSet members,
            DirtyIndex dirty,
            Journal journal,
            InfoCache cache,
            RowReader rows) {
        this.geometry = geometry;
        this.members = members;
        this.dirty = dirty;
        this.journal = journal;
        this.cache = cache;
        this.rows = rows;
    }

    /// Explains a block.
    ///
    /// @param block inside the volume
    /// @param then told once
    void explain(long block, Consumer<Explanation> then) {
        long row = geometry.rowOf(block);
        int index = geometry.indexInInfoGroup(row);
        cache.require(
                geometry.infoGroupOf(row),
                group -> group.lock(() -> explain(block, row, group, index, then)));
    }

    private void explain(
            long block, long row, InfoGroup group, int index, Consumer<Explanation> then) {
        if (group.isGone()) { // moved while its lock was waited for
            group.unlock();
            explain(block, then);
            return;
        }
        rows.read(
                group,
                index,
                frame -> {
                    Explanation found = explain(block, row, group, index, frame.image());
                    rows.release(frame);
                    group.unlock();
                    then.accept(found);
                });
    }

    private Explanation explain(long block, long row, InfoGroup group, int index, RowImage image) {
        List<Explanation.Version> versions = versions(block);
        List<Explanation.Copy> copies = new ArrayList<>();
        for (int p = 0; p < geometry.at(row).width(); p++) {
            copies.add(copy(row, p, group, index, image));
        }
        return new Explanation(
                block, row, versions, copies, verdict(block, row, versions, copies, image));
    }

    private List<Explanation.Version> versions(long block) {
        List<Explanation.Version> versions = new ArrayList<>();
        int version = dirty.newest(block);
        while (version != DirtyIndex.NONE) {
            boolean isCommitted = dirty.sequence(version) <= journal.commitSequence();
            String kind =
                    switch (dirty.kind(version)) {
                        case DirtyIndex.TRIM -> "trim";
                        case DirtyIndex.ZERO -> "zero";
                        default -> "write";
                    };
            versions.add(
                    new Explanation.Version(
                            dirty.sequence(version),
                            kind,
                            isCommitted,
                            isCommitted ? dirty.batch(version) : 0));
            version = dirty.older(version);
        }
        return versions;
    }

    private Explanation.Copy copy(
            long row, int position, InfoGroup group, int index, RowImage image) {
        int slot = geometry.slotAt(row, position);
        int lane = geometry.laneOf(slot);
        long at = group.record(lane, index);
        Geometry shape = geometry.at(row);
        boolean isParity = position >= shape.dataCount() && !shape.isMirror();
        boolean isHere = members.file(slot) != null;
        return new Explanation.Copy(
                position,
                isParity ? "parity" : shape.isMirror() ? "copy" : "data",
                isParity ? -1 : geometry.blockAt(row, shape.isMirror() ? 0 : position),
                slot,
                isHere ? members.file(slot).name() : null,
                isHere ? members.entry(slot).stateText() : "missing",
                members.layout().dataOffset(geometry.memberBlock(row)),
                type(BlockInfo.type(group.image(), at)),
                BlockInfo.generation(group.image(), at),
                found(group, lane, index, slot, position, image));
    }

    private static String type(int type) {
        return switch (type) {
            case BlockInfo.UNWRITTEN -> "unwritten";
            case BlockInfo.DATA -> "data";
            case BlockInfo.PARITY -> "parity";
            case BlockInfo.TRIMMED -> "trimmed";
            default -> "bad";
        };
    }

    private String found(
            InfoGroup group, int lane, int index, int slot, int position, RowImage image) {
        if (!members.holds(slot, group.key())) {
            return "not held";
        }
        if ((image.contentless >> position & 1) != 0) {
            return "nothing";
        }
        if (group.isUntrusted(lane, index)) {
            return "missed a write";
        }
        if ((image.readable >> position & 1) == 0) {
            return "unreadable";
        }
        if ((image.corrected >> position & 1) != 0) {
            return "corrected";
        }
        return (image.good >> position & 1) != 0 ? "good" : "damaged";
    }

    private String verdict(
            long block,
            long row,
            List<Explanation.Version> versions,
            List<Explanation.Copy> copies,
            RowImage image) {
        for (Explanation.Version version : versions) {
            if (version.isCommitted()) {
                return version.kind().equals("write")
                        ? "reads from memory what sequence "
                                + version.sequence()
                                + " wrote; it is in the journal, not home yet"
                        : "reads as zeros since sequence " + version.sequence();
            }
        }
        int position = geometry.positionOf(block);
        Explanation.Copy own = copies.get(position);
        if (own.type().equals("bad")) {
            return "lost, and known to be: reads fail until it is written again";
        }
        if (own.type().equals("unwritten") || own.type().equals("trimmed")) {
            return "reads as zeros: " + own.type();
        }
        for (Explanation.Copy copy : copies) {
            boolean isIt = geometry.at(row).isMirror() || copy.position() == position;
            if (isIt && (copy.found().equals("good") || copy.found().equals("corrected"))) {
                return "reads from slot " + copy.slot();
            }
        }
        if ((image.lost >> position & 1) == 0) {
            return "reads are decoded from the other slots";
        }
        return image.suspect != 0
                ? "lost: what the others imply has not the recorded guard; reads fail"
                : "lost: fewer than "
                        + geometry.at(row).dataCount()
                        + " good blocks in the row; reads fail";
    }
}
