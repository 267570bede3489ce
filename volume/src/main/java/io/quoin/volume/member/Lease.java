package io.quoin.volume.member;

/// Whether nobody else can have become the owner of a volume since it was last known that nobody had.
@FunctionalInterface
public interface Lease {
    /// One of somebody who need not fear others.
    Lease FOR_EVER = () -> true;

    /// {@return whether it holds now}
    boolean holds();
}
