package io.quoin.daemon.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import org.junit.jupiter.api.Test;

class LogLinesTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private System.Logger logger(boolean isJournald) {
        return new LogLines(new PrintStream(bytes, true), isJournald)
                .getLogger("x", LogLinesTest.class.getModule());
    }

    @Test
    void journaldGetsAPriorityAndOneLineForEachRecord() {
        System.Logger logger = logger(true);
        logger.log(System.Logger.Level.WARNING, "a\nb {0}");
        logger.log(System.Logger.Level.ERROR, "of {0}", "x\ny");
        logger.log(System.Logger.Level.DEBUG, "not shown");
        assertThat(bytes.toString()).isEqualTo("<4>a | b {0}\n<3>of x | y\n");
    }

    @Test
    void elsewhereALineBeginsWithTheTime() {
        logger(false).log(System.Logger.Level.WARNING, "m2 faulty");
        assertThat(bytes.toString()).matches("\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z warning m2 faulty\\n");
    }

    @Test
    void aThrowableStaysOnTheLineWithItsCauses() {
        logger(true)
                .log(
                        System.Logger.Level.ERROR,
                        "stopped",
                        new IllegalStateException("a\nb", new RuntimeException("c")));
        assertThat(bytes.toString())
                .startsWith("<3>stopped: java.lang.IllegalStateException: a | b at io.quoin")
                .contains("; caused by java.lang.RuntimeException: c at ")
                .hasLineCount(1);
    }
}
