package io.quoin.volume.member;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.MemoryFile;
import io.quoin.volume.Planted;
import io.quoin.volume.TestVolumes;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.Superblock;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Goal: a member always says what it was last told durably, or something later. Method: the power goes amid
/// one write of superblocks after the other; of what was under way each copy is old, new or torn.
final class SuperblockWritesTest {
    private static final class World implements SuperblockWrites.Owner {
        final MemoryFile file = TestVolumes.members("raid1", 2).getFirst();
        final List<Io> pending = new ArrayList<>();
        boolean isWritten;

        @Override
        public void submit(int slot, Io io) {
            io.slot = slot;
            pending.add(io);
        }

        @Override
        public void failed(Io io) {
            throw new AssertionError("nothing fails here");
        }

        @Override
        public boolean isFailed() {
            return false;
        }

        @Override
        public void written() {
            isWritten = true;
        }

        /// Writes the next superblock, and loses power on the way or not.
        void live(SplittableRandom random) {
            SuperblockIo.Found found = SuperblockIo.read(file);
            assertThat(found.superblock()).as("a whole copy").isNotNull();
            SuperblockWrites writes = new SuperblockWrites(TestVolumes.LAYOUT, 1, this);
            writes.setNewest(0, found.newest());
            Superblock.Builder next = found.superblock().toBuilder();
            next.sequence++;
            writes.stage(0, next.build());
            pending.clear();
            isWritten = false;
            writes.start(1);
            int steps = random.nextInt(6);
            for (int i = 0; i < steps && !pending.isEmpty(); i++) {
                Io io = pending.remove(random.nextInt(pending.size()));
                io.runOn(file);
                io.listener.completed(io);
            }
            for (Io io : pending) {
                int fate = random.nextInt(3);
                if (fate > 0) {
                    io.runOn(file);
                }
                if (fate > 1) {
                    file.flip(io.offsetBytes + 100, 1);
                }
            }
        }
    }

    private static void loseThePowerAgainAndAgain() {
        for (int seed = 0; seed < 2000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            World world = new World();
            long durable = SuperblockIo.read(world.file).superblock().sequence();
            for (int life = 0; life < 12; life++) {
                world.live(random);
                SuperblockIo.Found found = SuperblockIo.read(world.file);
                assertThat(found.superblock()).as("seed %d life %d", seed, life).isNotNull();
                assertThat(found.superblock().sequence())
                        .as("seed %d life %d", seed, life)
                        .isGreaterThanOrEqualTo(durable);
                durable = world.isWritten ? found.superblock().sequence() : durable;
            }
        }
    }

    @Test
    void aMemberKnowsWhatItWasToldHoweverOftenThePowerGoes() {
        loseThePowerAgainAndAgain();
    }

    @Test
    void twoCrashesInARowWouldDamageAllCopiesIfTheOrderWereFixed() {
        assertThat(
                        Planted.noticed(
                                Plant.EVEN_COPIES_FIRST,
                                SuperblockWritesTest::loseThePowerAgainAndAgain))
                .isInstanceOf(AssertionError.class);
    }
}
