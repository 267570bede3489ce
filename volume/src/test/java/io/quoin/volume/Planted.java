package io.quoin.volume;

import static org.assertj.core.api.Assertions.catchThrowable;

import io.quoin.volume.fault.Plant;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/// Runs a test with a planted bug of the engine, to show that it would notice.
public final class Planted {
    private Planted() {}

    /// {@return what the test says with the bug planted, null: nothing}
    ///
    /// @param plant the bug
    /// @param test the test
    public static Throwable noticed(Plant plant, ThrowingCallable test) {
        Plant.set(plant);
        try {
            return catchThrowable(test);
        } finally {
            Plant.set(null);
        }
    }
}
