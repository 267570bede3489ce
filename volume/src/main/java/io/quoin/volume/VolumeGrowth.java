package io.quoin.volume;

import io.quoin.volume.assembly.Creation;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.IoResult;
import java.lang.foreign.Arena;
import java.util.List;

/// Grows a volume from a thread that may wait: what is done to members' space that is not in use yet is done here, the rest by the
/// engine.
final class VolumeGrowth {
    /// What is asked of the engine, in its turns.
    interface Steps {
        /// {@return the members' files, all that there are}
        ///
        /// @throws VolumeException when the engine does not answer
        List<BlockFile> files() throws VolumeException;

        /// {@return a plan}
        ///
        /// @param leastBytes size of the smallest member
        /// @param leastName its name
        /// @throws VolumeException when the volume cannot grow
        GrowthPlan plan(long leastBytes, String leastName) throws VolumeException;

        /// Moves the members' end; returns when that is durable.
        ///
        /// @param plan the plan
        /// @throws VolumeException when it could not be
        void lengthen(GrowthPlan plan) throws VolumeException;

        /// Uses the new space; returns when that is durable.
        ///
        /// @throws VolumeException when it could not be
        void enlarge() throws VolumeException;

        /// Lets jobs begin again.
        void cancel();
    }

    private VolumeGrowth() {}

    /// Looks how large members are now, or would be, and what a volume could hold.
    ///
    /// @param fileBytes how large files are made that are smaller; 0: they stay as they are
    static GrowthPlan plan(Steps steps, long fileBytes) throws VolumeException {
        long least = Long.MAX_VALUE;
        String leastName = "members";
        for (BlockFile file : steps.files()) {
            long now = file.measure();
            long bytes = file.canBecomeLonger() ? Math.max(now, fileBytes) : now;
            if (bytes < least) {
                least = bytes;
                leastName = file.name();
            }
        }
        return steps.plan(least, leastName);
    }

    static GrowthPlan grow(Steps steps, long fileBytes) throws VolumeException {
        GrowthPlan plan = plan(steps, fileBytes);
        boolean isDone = false;
        try {
            for (BlockFile file : steps.files()) {
                lengthen(file, plan.longer().memberBytes());
            }
            steps.lengthen(plan);
            for (BlockFile file : steps.files()) {
                Creation.clearZones(file, plan.larger(), plan.now().zoneCount());
            }
            steps.enlarge();
            isDone = true;
            return plan;
        } finally {
            if (!isDone) {
                steps.cancel();
            }
        }
    }

    /// Of a file; what is new is a hole.
    private static void lengthen(BlockFile file, long bytes) throws VolumeException {
        if (file.lengthBytes() >= bytes) {
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            IoResult result = file.write(arena.allocate(4096, 4096), 0, 4096, bytes - 4096, true);
            if (!result.isOk() || file.measure() < bytes) {
                throw new VolumeException(
                        file.name()
                                + ": could not be made "
                                + bytes
                                + " bytes long ("
                                + result
                                + "); nothing of the volume has changed");
            }
        }
    }
}
