package io.quoin.volume.fuzz;

import io.quoin.fuzz.FuzzRegression;
import io.quoin.fuzz.FuzzTarget;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Goal: no bytes on a disk make a parser throw what it does not document, allocate what it has not
/// checked, or run on. Method: the corpus and mutations of it, CRCs made right; `.ci/fuzz` goes on from
/// there.
@Timeout(300)
class VolumeFuzzTest {
    static Stream<FuzzTarget> targets() {
        return Stream.of(
                new SuperblockFuzz(), new InfoBlockFuzz(), new JournalFuzz(), new AssemblyFuzz());
    }

    @ParameterizedTest
    @MethodSource("targets")
    void parsersOfForeignBytesWithstandThem(FuzzTarget target) throws IOException {
        FuzzRegression.run(target);
    }
}
