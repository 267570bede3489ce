package io.quoin.volume;

import java.util.List;

/// What a drill of a volume's canary rows found out.
///
/// @param trials each damage that was done, in order
/// @param trouble why the drill ended early; null when it did not
public record DrillReport(List<Trial> trials, String trouble) {
    /// What is done to a block on a member, to its info or to reads of it.
    public enum Damage {
        /// One bit is another.
        FLIPPED_BIT("flipped bit"),
        /// 64 bytes are others.
        SCRAMBLED("scrambled bytes"),
        /// The block has the content of before the last write.
        LOST_WRITE("lost write"),
        /// The block has the content of another one.
        MISPLACED_WRITE("misplaced write"),
        /// One copy of the info block is damaged.
        INFO_COPY("damaged info copy"),
        /// Both copies of the info block are damaged.
        INFO("damaged info"),
        /// Reads of the block fail.
        READ_ERROR("read error"),
        /// A read of the block is held back for a while.
        STALL("stall");

        private final String text;

        Damage(String text) {
            this.text = text;
        }

        /// {@return it in words}
        public String text() {
            return text;
        }
    }

    /// One damage, and what the volume made of it.
    ///
    /// @param damage what was done
    /// @param slot to the member of which slot
    /// @param member its name
    /// @param row in which row
    /// @param finding what the volume said of it; null: nothing
    /// @param wrongAnswer what was wrong with a read, or a write of another row; null: the bytes were right or, where without
    ///     redundancy there are none, an error
    /// @param isMended whether the member had the right bytes afterwards; without redundancy nobody can mend it
    public record Trial(
            Damage damage,
            int slot,
            String member,
            long row,
            String finding,
            String wrongAnswer,
            boolean isMended) {
        /// {@return whether the volume did what it promises}
        public boolean isOk() {
            return finding != null && wrongAnswer == null && isMended;
        }

        /// {@return in words what it did not do; empty when it did all}
        public String shortcoming() {
            if (finding == null) {
                return "not noticed";
            }
            if (wrongAnswer != null) {
                return wrongAnswer;
            }
            return isMended ? "" : "not repaired";
        }
    }

    /// {@return whether the volume did everything that it promises}
    public boolean isOk() {
        return trouble == null && !trials.isEmpty() && trials.stream().allMatch(Trial::isOk);
    }

    /// {@return trials in which it did not}
    public List<Trial> failures() {
        return trials.stream().filter(each -> !each.isOk()).toList();
    }
}
