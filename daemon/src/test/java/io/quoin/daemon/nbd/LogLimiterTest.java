package io.quoin.daemon.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.ResourceBundle;
import org.junit.jupiter.api.Test;

class LogLimiterTest {
    private final List<String> lines = new ArrayList<>();
    private final LogLimiter limiter =
            new LogLimiter(
                    new System.Logger() {
                        @Override
                        public String getName() {
                            return "test";
                        }

                        @Override
                        public boolean isLoggable(Level level) {
                            return true;
                        }

                        @Override
                        public void log(
                                Level level, ResourceBundle bundle, String text, Throwable e) {
                            lines.add(level + " " + text);
                        }

                        @Override
                        public void log(
                                Level level, ResourceBundle bundle, String text, Object... more) {
                            lines.add(level + " " + text);
                        }
                    });

    @Test
    void aFloodOfClientsDoesNotHideABug() {
        for (int i = 0; i < 1000; i++) {
            limiter.log(Level.WARNING, "client closed");
        }
        limiter.log(Level.ERROR, "a bug");
        assertThat(lines).hasSize(21).last().isEqualTo("ERROR a bug");
    }

    @Test
    void bugsAreLimitedToo() {
        for (int i = 0; i < 1000; i++) {
            limiter.log(Level.ERROR, "a bug");
        }
        assertThat(lines).hasSize(20);
    }
}
