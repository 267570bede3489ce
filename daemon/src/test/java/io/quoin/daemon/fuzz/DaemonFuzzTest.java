package io.quoin.daemon.fuzz;

import io.quoin.daemon.config.SettingsFuzz;
import io.quoin.daemon.control.ControlRequestFuzz;
import io.quoin.daemon.nbd.NbdSessionFuzz;
import io.quoin.daemon.observe.LogLines;
import io.quoin.fuzz.FuzzRegression;
import io.quoin.fuzz.FuzzTarget;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Goal: no bytes from clients, commands or files make a parser throw what it does not document,
/// allocate what it has not checked, or run on. Method: the corpus and mutations of it; `.ci/fuzz` goes
/// on from there.
@Timeout(300)
class DaemonFuzzTest {
    @AfterAll
    static void showTheLogAgain() {
        LogLines.showFrom(System.Logger.Level.WARNING);
    }

    static Stream<FuzzTarget> targets() throws Exception {
        return Stream.of(
                new SettingsFuzz(),
                new RememberedFuzz(),
                new WitnessFuzz(),
                new CountersFuzz(),
                new ControlRequestFuzz(),
                new ControlAnswerFuzz(),
                new NbdSessionFuzz());
    }

    @ParameterizedTest
    @MethodSource("targets")
    void parsersOfForeignBytesWithstandThem(FuzzTarget target) throws IOException {
        FuzzRegression.run(target);
    }
}
