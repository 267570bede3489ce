package io.quoin.volume.format;

/// Why a job was started, and by whom.
///
/// @param reason why
/// @param who name of the user who asked, cut to {@link #NAME_BYTES} characters of ASCII; empty: nobody, or not known
public record JobOrigin(Reason reason, String who) {
    /// Why a job was started; kept on disk by its ordinal.
    public enum Reason {
        /// Not known: a version before this was recorded.
        UNKNOWN("not known"),
        /// Somebody asked for it.
        OPERATOR("operator"),
        /// It was due.
        SCHEDULE("schedule"),
        /// A spare took the place of a lost member.
        SPARE("spare"),
        /// A member that was out of reach can be reached again.
        BACK("back");

        private final String text;

        Reason(String text) {
            this.text = text;
        }

        /// {@return it in a word or two}
        public String text() {
            return text;
        }
    }

    /// Bytes that the name may have.
    public static final int NAME_BYTES = 15;

    /// Nothing is known of it.
    public static final JobOrigin UNKNOWN = new JobOrigin(Reason.UNKNOWN, "");

    /// The daemon's schedule.
    public static final JobOrigin SCHEDULE = new JobOrigin(Reason.SCHEDULE, "");

    /// A spare was there.
    public static final JobOrigin SPARE = new JobOrigin(Reason.SPARE, "");

    /// A member is back.
    public static final JobOrigin BACK = new JobOrigin(Reason.BACK, "");

    /// Cuts the name, and leaves of it what ASCII prints.
    public JobOrigin {
        String plain = who.replaceAll("[^!-~]", "?");
        who = plain.substring(0, Math.min(plain.length(), NAME_BYTES));
    }

    /// {@return somebody's wish}
    ///
    /// @param who name of the user
    public static JobOrigin operator(String who) {
        return new JobOrigin(Reason.OPERATOR, who);
    }
}
