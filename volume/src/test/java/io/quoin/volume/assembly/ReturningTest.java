package io.quoin.volume.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.TestVolumes;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.SuperblockIo;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// Slot 1 of three was dropped at epoch 9; its member saw epoch 8.
class ReturningTest {
    private final Superblock first =
            SuperblockIo.read(TestVolumes.members("raid5", 3).getFirst()).superblock();

    private Superblock now(Consumer<List<MemberEntry>> change) {
        Superblock.Builder builder = first.toBuilder();
        builder.configEpoch = 12;
        List<MemberEntry> table = new ArrayList<>(first.members());
        table.set(1, table.get(1).dropped(9));
        change.accept(table);
        builder.members = table;
        return builder.build();
    }

    private Superblock found(Consumer<Superblock.Builder> change) {
        Superblock.Builder builder = first.toBuilder();
        builder.configEpoch = 8;
        builder.slot = 1;
        builder.member = first.members().get(1).uuid();
        change.accept(builder);
        return builder.build();
    }

    private String objection(Superblock found) {
        return Returning.objection(now(table -> {}), 1, found);
    }

    @Test
    void aMemberThatHasSeenNothingSinceMayComeBack() {
        assertThat(objection(found(builder -> {}))).isNull();
    }

    @Test
    void oneThatWentOnWithoutTheOthersMayNot() {
        assertThat(objection(found(builder -> builder.configEpoch = 9)))
                .isEqualTo(
                        "expected an epoch before 9, when it was dropped, found 9: it may have been in use"
                                + " without the others");
        // A crash kept it from being told of epoch 8; it dropped a member under that number itself.
        Superblock alone =
                found(builder -> {
                    List<MemberEntry> table = new ArrayList<>(first.members());
                    table.set(2, table.get(2).dropped(8));
                    builder.members = table;
                });
        assertThat(objection(alone))
                .isEqualTo("it has dropped the member of slot 2, and has been in use without it");
    }

    @Test
    void oneOfLongAgoMayNot() {
        assertThat(objection(found(builder -> builder.configEpoch = 7))).isNull();
        assertThat(objection(found(builder -> builder.configEpoch = 6)))
                .isEqualTo(
                        "expected an epoch shortly before 9, when it was dropped, found 6: an older image, or"
                                + " one of another history");
    }

    @Test
    void nobodyElseMay() {
        assertThat(objection(found(builder -> builder.volume = new UUID(1, 2))))
                .startsWith("expected a member of volume ");
        assertThat(objection(found(builder -> builder.member = first.members().get(2).uuid())))
                .contains("which slot 1 has lost, found member");
        Superblock inSync = now(table -> table.set(1, first.members().get(1)));
        assertThat(Returning.objection(inSync, 1, found(builder -> {})))
                .isEqualTo("expected a member that is faulty, is in sync");
        Superblock ofOldTable = now(table -> table.set(1, table.get(1).dropped(0)));
        assertThat(Returning.objection(ofOldTable, 1, found(builder -> {})))
                .startsWith("expected an epoch before 0");
    }
}
