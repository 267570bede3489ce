package io.quoin.codec.fuzz;

import io.quoin.fuzz.FuzzRegression;
import io.quoin.fuzz.FuzzTarget;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Goal: no bytes from outside make a parser throw what it does not document, allocate what it has not
/// checked, or run on. Method: the corpus and mutations of it; `.ci/fuzz` goes on from there.
@Timeout(120)
class CodecFuzzTest {
    static Stream<FuzzTarget> targets() {
        return Stream.of(new NbdFramesFuzz());
    }

    @ParameterizedTest
    @MethodSource("targets")
    void parsersOfForeignBytesWithstandThem(FuzzTarget target) throws IOException {
        FuzzRegression.run(target);
    }
}
