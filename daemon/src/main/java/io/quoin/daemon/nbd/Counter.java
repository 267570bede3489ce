package io.quoin.daemon.nbd;

import java.util.concurrent.atomic.AtomicLong;

/// A number that one thread counts up and any may read.
final class Counter {
    private final AtomicLong value = new AtomicLong();

    void add(long amount) {
        value.setRelease(value.getPlain() + amount);
    }

    long get() {
        return value.getAcquire();
    }
}
