package io.quoin.volume.dirty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Goal: reads see the committed version, destage finds the oldest, and a buffer is given back exactly
/// when nothing refers to it any more. Method: random histories next to a model of plain collections.
final class DirtyIndexTest {
    private static final int BLOCK = 4096;
    private static final int POOL_BLOCKS = 4096;

    private static final class Version {
        final long block;
        final long sequence;
        final byte kind;
        final int buffer;
        final int id;
        boolean isCommitted;
        boolean isFrozen;
        boolean isReplaced;

        Version(long block, long sequence, byte kind, int buffer, int id) {
            this.block = block;
            this.sequence = sequence;
            this.kind = kind;
            this.buffer = buffer;
            this.id = id;
        }
    }

    private static final class Model {
        final SplittableRandom random;
        final Set<Integer> freed = new HashSet<>();
        final DirtyIndex index =
                new DirtyIndex(
                        POOL_BLOCKS, BLOCK, offset -> assertThat(freed().add(offset)).isTrue());
        final Map<Long, ArrayDeque<Version>> byBlock = new HashMap<>(); // newest first
        final ArrayDeque<List<Version>> uncommitted = new ArrayDeque<>();
        final List<Version> frozen = new ArrayList<>();
        final Map<Integer, Integer> references = new HashMap<>();
        long sequence;
        long commit;
        int nextBuffer;

        Model(long seed) {
            random = new SplittableRandom(seed);
        }

        private Set<Integer> freed() {
            return freed;
        }

        void write() {
            sequence++;
            int count = 1 + random.nextInt(5);
            long first = random.nextInt(20);
            byte kind = (byte) (1 + random.nextInt(3));
            int buffer = -1;
            if (kind == DirtyIndex.WRITE) {
                buffer = nextBuffer;
                nextBuffer += 8 * BLOCK;
                if (nextBuffer / BLOCK + 8 > POOL_BLOCKS) {
                    return;
                }
            }
            List<Version> record = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int id = index.add(first + i, sequence, kind, buffer, buffer + i * BLOCK, 7 + i);
                Version version = new Version(first + i, sequence, kind, buffer, id);
                byBlock.computeIfAbsent(first + i, b -> new ArrayDeque<>()).addFirst(version);
                record.add(version);
                refer(version, 1);
            }
            uncommitted.addLast(record);
        }

        private void refer(Version version, int by) {
            if (version.kind == DirtyIndex.WRITE) {
                references.merge(version.buffer, by, Integer::sum);
            }
        }

        void commit() {
            List<Version> record = uncommitted.pollFirst();
            if (record == null) {
                return;
            }
            commit = record.getFirst().sequence;
            for (Version version : record) {
                int id = index.find(version.block, version.sequence);
                assertThat(id).isEqualTo(version.id);
                index.setBatch(id, version.sequence * 10);
                index.commit(id);
                version.isCommitted = true;
                ArrayDeque<Version> chain = byBlock.get(version.block);
                Version last = chain.peekLast();
                if (last != version) {
                    chain.removeLast();
                    if (last.isFrozen) {
                        last.isReplaced = true;
                    } else {
                        refer(last, -1);
                    }
                }
            }
        }

        void freeze() {
            for (ArrayDeque<Version> chain : byBlock.values()) {
                Version last = chain.peekLast();
                if (last != null && last.isCommitted && !last.isFrozen && random.nextInt(4) == 0) {
                    index.freeze(last.id);
                    last.isFrozen = true;
                    frozen.add(last);
                }
            }
        }

        void unfreeze() {
            if (frozen.isEmpty()) {
                return;
            }
            Version version = frozen.remove(random.nextInt(frozen.size()));
            boolean isHome = random.nextInt(4) != 0;
            if (isHome) {
                index.clean(version.id);
                if (!version.isReplaced) {
                    byBlock.get(version.block).removeLast();
                }
                refer(version, -1);
            } else {
                index.thaw(version.id);
                version.isFrozen = false;
                if (version.isReplaced) {
                    refer(version, -1);
                }
            }
        }

        void check() {
            int live = 0;
            Version oldest = null;
            for (long block = 0; block < 25; block++) {
                ArrayDeque<Version> chain = byBlock.getOrDefault(block, new ArrayDeque<>());
                live += chain.size();
                Version newest = chain.peekFirst();
                Version last = chain.peekLast();
                assertThat(index.newest(block))
                        .isEqualTo(newest == null ? DirtyIndex.NONE : newest.id);
                boolean has = last != null && last.isCommitted;
                assertThat(index.committed(block, commit))
                        .isEqualTo(has ? last.id : DirtyIndex.NONE);
                if (has && (oldest == null || last.sequence < oldest.sequence)) {
                    oldest = last;
                }
                if (has) {
                    assertThat(index.block(last.id)).isEqualTo(block);
                    assertThat(index.sequence(last.id)).isEqualTo(last.sequence);
                    assertThat(index.batch(last.id)).isEqualTo(last.sequence * 10);
                    assertThat(index.kind(last.id)).isEqualTo(last.kind);
                    assertThat(index.isFrozen(last.id)).isEqualTo(last.isFrozen);
                }
            }
            for (Version each : frozen) {
                live += each.isReplaced ? 1 : 0;
                assertThat(index.sequence(each.id)).isEqualTo(each.sequence);
                assertThat(index.block(each.id)).isEqualTo(each.block);
            }
            assertThat(index.liveCount()).isEqualTo(live);
            int found = index.oldest();
            if (oldest == null) {
                assertThat(found).isEqualTo(DirtyIndex.NONE);
            } else {
                assertThat(index.sequence(found)).isEqualTo(oldest.sequence);
            }
            references.forEach((buffer, count) ->
                    assertThat(freed.contains(buffer))
                            .as("buffer %d with %d references", buffer, count)
                            .isEqualTo(count == 0));
        }

        void checkOrder() {
            Set<Integer> seen = new HashSet<>();
            long before = 0;
            for (int i = 0; i < index.orderSize(); i++) {
                int id = index.inOrder(i);
                if (id != DirtyIndex.NONE) {
                    assertThat(seen.add(id)).isTrue();
                    assertThat(index.sequence(id)).isGreaterThanOrEqualTo(before);
                    before = index.sequence(id);
                }
            }
            long committed =
                    byBlock.values().stream()
                            .filter(c -> !c.isEmpty() && c.peekLast().isCommitted)
                            .count();
            assertThat(seen).hasSize((int) committed);
        }
    }

    @Test
    void theIndexAgreesWithAModelOfPlainCollections() {
        for (int seed = 0; seed < 25; seed++) {
            Model model = new Model(seed);
            for (int i = 0; i < 1000; i++) {
                switch (model.random.nextInt(8)) {
                    case 0, 1, 2 -> model.write();
                    case 3, 4, 5 -> model.commit();
                    case 6 -> model.freeze();
                    default -> model.unfreeze();
                }
                model.check();
                if (i % 50 == 0) {
                    model.checkOrder();
                }
            }
        }
    }

    @Test
    void theOrderOfCommitsSurvivesGrowthWhileOldVersionsStayDirty() {
        DirtyIndex index = new DirtyIndex(16, BLOCK, offset -> {});
        // One block is rewritten many times while 3000 others wait: most of the order is stale.
        for (int i = 0; i < 20_000; i++) {
            long block = i % 4 == 0 && i / 4 < 3000 ? 1 + i / 4 : 0;
            index.commit(index.add(block, i + 1, DirtyIndex.TRIM, -1, -1, 0));
        }
        assertThat(index.liveCount()).isEqualTo(3001);
        long before = 0;
        int found = 0;
        for (int i = 0; i < index.orderSize(); i++) {
            int version = index.inOrder(i);
            if (version != DirtyIndex.NONE) {
                assertThat(index.sequence(version)).isGreaterThan(before);
                before = index.sequence(version);
                found++;
            }
        }
        assertThat(found).isEqualTo(3001);
        assertThat(index.block(index.oldest())).isEqualTo(1);
    }

    @Test
    void aRetainedBufferIsGivenBackOnlyWhenItIsReleased() {
        List<Integer> freed = new ArrayList<>();
        DirtyIndex index = new DirtyIndex(16, BLOCK, freed::add);
        index.retain(0);
        index.commit(index.add(5, 1, DirtyIndex.WRITE, 0, 0, 0));
        index.commit(index.add(5, 2, DirtyIndex.TRIM, -1, -1, 0));
        assertThat(freed).isEmpty();
        index.release(0);
        assertThat(freed).containsExactly(0);
    }

    @Test
    void aSequenceThatDoesNotGrowIsABug() {
        DirtyIndex index = new DirtyIndex(16, BLOCK, offset -> {});
        index.add(5, 2, DirtyIndex.TRIM, -1, -1, 0);
        assertThatThrownBy(() -> index.add(5, 2, DirtyIndex.TRIM, -1, -1, 0))
                .isInstanceOf(AssertionError.class)
                .hasMessageStartingWith("I2");
    }
}
