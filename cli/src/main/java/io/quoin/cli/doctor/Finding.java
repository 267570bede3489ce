package io.quoin.cli.doctor;

/// Something that is not as it should be.
///
/// @param level how bad it is
/// @param where volume, member or host
/// @param what what it is, and what it costs
/// @param fix what to do
public record Finding(Level level, String where, String what, String fix) {
    /// How bad it is, the worst first.
    public enum Level {
        /// Orders may be lost, or clients refused, by one more thing that goes wrong, or now.
        DANGER("danger"),
        /// The promise holds, and something that guards it does not work.
        WARNING("warning"),
        /// Nothing is at risk; it could be better.
        NOTE("note");

        private final String text;

        Level(String text) {
            this.text = text;
        }

        /// {@return the level in the operators' word}
        public String text() {
            return text;
        }
    }

    static Finding danger(String where, String what, String fix) {
        return new Finding(Level.DANGER, where, what, fix);
    }

    static Finding warning(String where, String what, String fix) {
        return new Finding(Level.WARNING, where, what, fix);
    }

    static Finding note(String where, String what, String fix) {
        return new Finding(Level.NOTE, where, what, fix);
    }
}
