package io.quoin.volume;

import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberIo;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/// Gives members their lanes, and while a volume is opened a thread for each member: what has to be
/// read of a journal takes as long as on one member, not as long as on all.
///
/// @param name name of the volume, for the threads' names
/// @param laneCount lanes of a member
/// @param completions where done operations go; called on the lanes' threads
record LaneFactory(String name, int laneCount, Consumer<Io> completions)
        implements Engine.IoFactory {

    @Override
    public MemberIo open(int slot, BlockFile file) {
        return file.newIo(name + "-m" + slot, laneCount, completions);
    }

    @Override
    public void eachMember(int count, IntConsumer work) {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread[] threads = new Thread[count];
        for (int i = 0; i < count; i++) {
            int member = i;
            threads[i] =
                    Thread.ofPlatform()
                            .name(name + "-scan" + i)
                            .start(() -> {
                                try {
                                    work.accept(member);
                                } catch (RuntimeException | Error e) {
                                    thrown.compareAndSet(null, e);
                                }
                            });
        }
        boolean isInterrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    isInterrupted = true; // they end soon, and use memory of ours until then
                }
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
        Throwable bug = thrown.get();
        if (bug != null) {
            throw new IllegalStateException("reading members of volume " + name, bug);
        }
    }
}
