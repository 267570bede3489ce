package io.quoin.volume;

import io.quoin.volume.format.JobRecord;
import io.quoin.volume.member.Witness;
import java.util.List;
import java.util.UUID;

/// A volume as it stands, in the operators' words.
///
/// @param name its name
/// @param uuid its identity
/// @param createdMillis wall clock when it was made
/// @param level `raid5`, `k+m`, ...
/// @param dataCount k of each group
/// @param parityCount m of each group
/// @param groupCount groups of slots
/// @param sizeBytes bytes that clients may address
/// @param canaryBytes bytes set apart from clients for drills; 0: none
/// @param unitBytes stripe unit
/// @param guard guards kept
/// @param state `recovering`, `optimal`, `degraded`, `suspended`, `failed`, `stopping`, `stopped`
/// @param redundancyLeft members that may still be lost without losing data
/// @param guarantee what is survivable now, in a sentence
/// @param membership its epoch, and who is in sync by it
/// @param ownerEpoch epoch of the owner
/// @param members a line for each slot
/// @param jobs scrubs and rebuilds, newest first
/// @param jobTotal info groups that a job goes through
/// @param jobBytesPerSecond bytes of each member that the running job gets through in a second, 0: not known
/// @param dirtyBlocks blocks not yet at home
/// @param journalBytes bytes of the journal in use
/// @param bufferFreeBytes memory of requests that is free
/// @param counters counters by label
public record VolumeStatus(
        String name,
        UUID uuid,
        long createdMillis,
        String level,
        int dataCount,
        int parityCount,
        int groupCount,
        long sizeBytes,
        long canaryBytes,
        int unitBytes,
        String guard,
        String state,
        int redundancyLeft,
        String guarantee,
        Witness.Membership membership,
        long ownerEpoch,
        List<Member> members,
        List<JobRecord> jobs,
        long jobTotal,
        long jobBytesPerSecond,
        long dirtyBlocks,
        long journalBytes,
        long bufferFreeBytes,
        java.util.Map<String, Long> counters) {

    /// A slot.
    ///
    /// @param slot slot
    /// @param uuid identity of its member
    /// @param path where the member is, or null when it is missing
    /// @param state `in sync`, `rebuilding`, `faulty`, `missing`
    /// @param cursor rebuilding: info groups done
    /// @param copiedTo where the member is that is to take its place, or null
    /// @param mode how bytes get to the member
    /// @param readErrors reads that failed since it took the slot, or since the volume was opened
    /// @param repairedBlocks blocks on it that were not what they should have been, since then
    /// @param correctedBlocks of these, those whose flipped bits the Hamming code had back
    /// @param lostWrites of these, those that were older than their row says
    /// @param isWorn whether it got more wrong than is borne
    /// @param writeMedianNanos median of its durable writes lately, 0: not known
    /// @param writeSlowestNanos the 99th percentile of them
    /// @param isSlow whether it has been much slower than its peers for a while, or was late with a copy of a batch not long ago
    /// @param isLost whether it is out of reach, or was when it was dropped: the connection to it has ended
    public record Member(
            int slot,
            UUID uuid,
            String path,
            String state,
            long cursor,
            String copiedTo,
            String mode,
            long readErrors,
            long repairedBlocks,
            long correctedBlocks,
            long lostWrites,
            boolean isWorn,
            long writeMedianNanos,
            long writeSlowestNanos,
            boolean isSlow,
            boolean isLost) {}
}
