package io.quoin.volume.counter;

/// What happened to a volume, for operators: said once, in words, with place, expectation and finding.
public sealed interface VolumeEvent {
    /// {@return the message}
    String message();

    /// A member was dropped.
    ///
    /// @param slot its slot
    /// @param member its name
    /// @param cause what failed
    /// @param configEpoch epoch at which it left
    /// @param redundancyLeft members that may still be lost
    record MemberFailed(int slot, String member, String cause, long configEpoch, int redundancyLeft)
            implements VolumeEvent {
        @Override
        public String message() {
            return "member "
                    + member
                    + " faulty ("
                    + cause
                    + "): dropped at epoch "
                    + configEpoch
                    + "; "
                    + (redundancyLeft > 0
                            ? redundancyLeft + " more may be lost"
                            : "no redundancy left, replace it");
        }
    }

    /// The volume stopped serving.
    ///
    /// @param cause why
    record VolumeFailed(String cause) implements VolumeEvent {
        @Override
        public String message() {
            return "volume failed: " + cause + "; nothing more is acknowledged";
        }
    }

    /// A block was bad and was made good.
    ///
    /// @param slot slot
    /// @param row row
    /// @param block volume block, or -1 for parity
    /// @param finding what was found
    /// @param action what was done
    record BlockRepaired(int slot, long row, long block, String finding, String action)
            implements VolumeEvent {
        @Override
        public String message() {
            return (block >= 0 ? "block " + block : "parity of row " + row)
                    + " on slot "
                    + slot
                    + ": "
                    + finding
                    + "; "
                    + action;
        }
    }

    /// A member has become much slower than its peers, or is no more.
    ///
    /// @param slot its slot
    /// @param message the line
    record MemberSlow(int slot, String message) implements VolumeEvent {}

    /// A member has got more wrong than is borne.
    ///
    /// @param slot its slot
    /// @param message the line
    record MemberWorn(int slot, String message) implements VolumeEvent {}

    /// Superblocks of a member were not what they should have been.
    ///
    /// @param slot its slot
    /// @param finding what was found, and what was done
    record SuperblocksRepaired(int slot, String finding) implements VolumeEvent {
        @Override
        public String message() {
            return "slot " + slot + ": " + finding;
        }
    }

    /// A copy of the live journal is not what was written.
    ///
    /// @param slot slot of its member
    /// @param finding which, and what was found
    record JournalDamaged(int slot, String finding) implements VolumeEvent {
        @Override
        public String message() {
            return "slot " + slot + ": " + finding + "; what it holds is brought home now";
        }
    }

    /// A block cannot be had any more.
    ///
    /// @param block volume block
    /// @param row row
    /// @param finding what was found
    record BlockLost(long block, long row, String finding) implements VolumeEvent {
        @Override
        public String message() {
            return "block " + block + " lost (row " + row + "): " + finding + "; reads of it fail";
        }
    }

    /// A row's slots disagree and nobody can say which is wrong.
    ///
    /// @param row row
    /// @param finding what was found
    record RowSuspect(long row, String finding) implements VolumeEvent {
        @Override
        public String message() {
            return "row " + row + " suspect: " + finding + "; nothing was changed";
        }
    }

    /// Damage that a drill did to canary rows was not dealt with as promised.
    ///
    /// @param failures how often
    /// @param trials of how many
    /// @param first the first of them, and what was missing
    record DrillFailed(int failures, int trials, String first) implements VolumeEvent {
        @Override
        public String message() {
            return "DRILL FAILED: "
                    + failures
                    + " of "
                    + trials
                    + " damages to canary rows were not dealt with as promised, the first: "
                    + first
                    + "; do not rely on this host's reads: check its memory and processor, and report it";
        }
    }

    /// A job began, went on or ended.
    ///
    /// @param id job
    /// @param kind scrub or rebuild
    /// @param what what happened
    record JobChanged(long id, String kind, String what) implements VolumeEvent {
        @Override
        public String message() {
            return kind + " " + id + ": " + what;
        }
    }

    /// Something worth a line in the log.
    ///
    /// @param message the line
    record Note(String message) implements VolumeEvent {}

    /// Receives events in the engine's turn.
    @FunctionalInterface
    interface Sink {
        /// Takes an event; must not block.
        ///
        /// @param event the event
        void accept(VolumeEvent event);
    }
}
