package io.quoin.volume;

import io.quoin.volume.counter.Counters;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.geometry.Level;
import io.quoin.volume.member.MemberHealth;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.member.Witness;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Puts the engine's state into the operators' words.
final class Status {
    private Status() {}

    static VolumeStatus of(Engine engine) {
        MemberSet members = engine.members();
        Superblock.Builder template = members.template();
        Geometry geometry = engine.geometry();
        List<VolumeStatus.Member> lines = new ArrayList<>();
        for (int slot = 0; slot < geometry.slotCount(); slot++) {
            MemberEntry entry = members.entry(slot);
            boolean isHere = members.file(slot) != null;
            lines.add(
                    new VolumeStatus.Member(
                            slot,
                            entry.uuid(),
                            isHere ? members.file(slot).name() : null,
                            isHere ? entry.stateText() : "missing",
                            entry.cursor(),
                            copiedTo(members, slot),
                            isHere ? members.file(slot).mode() : "",
                            members.health(slot).readErrors(),
                            members.health(slot).repairedBlocks(),
                            members.health(slot).count(MemberHealth.Finding.CORRECTED),
                            members.health(slot).count(MemberHealth.Finding.LOST_WRITE),
                            members.health(slot).isWorn(),
                            members.health(slot).medianNanos(),
                            members.health(slot).slowestNanos(),
                            engine.isSlow(slot),
                            isHere && members.isLost(slot)));
        }
        Map<String, Long> counters = new LinkedHashMap<>();
        for (Counters.Counter counter : Counters.Counter.values()) {
            counters.put(counter.label(), engine.counters().get(counter));
        }
        int left = members.spareRedundancy();
        return new VolumeStatus(
                engine.name(),
                template.volume,
                template.createdMillis,
                geometry.level() == Level.ERASURE
                        ? geometry.dataCount() + "+" + geometry.parityCount()
                        : geometry.level().text(),
                geometry.dataCount(),
                geometry.parityCount(),
                geometry.groupCount(),
                geometry.volumeBlocks() * Geometry.BLOCK_BYTES,
                (geometry.allBlocks() - geometry.volumeBlocks()) * Geometry.BLOCK_BYTES,
                geometry.unitBlocks() * Geometry.BLOCK_BYTES,
                template.guard.text(),
                state(engine, left),
                left,
                guarantee(engine, left),
                Witness.Membership.of(template.configEpoch, members.entries()),
                template.ownerEpoch,
                lines,
                engine.jobRecords(),
                geometry.infoGroupCount(),
                engine.jobBytesPerSecond(),
                engine.dirtyBlocks(),
                engine.journalBytes(),
                engine.pool().freeBytes(),
                counters);
    }

    private static String copiedTo(MemberSet members, int slot) {
        boolean isCopied = members.twin() != null && members.twin().slot() == slot;
        return isCopied ? members.twin().name() : null;
    }

    private static String state(Engine engine, int left) {
        return switch (engine.phase()) {
            case RECOVERING -> "recovering";
            case STOPPING -> "stopping";
            case STOPPED -> "stopped";
            case FAILED -> "failed";
            case SERVING -> {
                if (engine.members().isSuspended()) {
                    yield "suspended";
                }
                // A member that joins counts once that is durable.
                boolean isWhole = left == engine.geometry().leastParity();
                yield isWhole && !engine.members().isFrozen() ? "optimal" : "degraded";
            }
        };
    }

    private static String guarantee(Engine engine, int left) {
        if (engine.phase() == Engine.Phase.FAILED) {
            return "too few members: nothing is served";
        }
        if (engine.members().isSuspended()) {
            return "the membership could not be made durable: nothing is acknowledged";
        }
        String losses =
                switch (left) {
                    case 0 -> "no further member loss";
                    case 1 -> "the loss of 1 more member";
                    default -> "the loss of any " + left + " more members";
                };
        return "survives power loss, kill -9 and "
                + losses
                + "; silent corruption is detected"
                + (left > 0 ? " and repaired" : "");
    }
}
