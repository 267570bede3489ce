package io.quoin.volume.member;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.MemoryFile;
import io.quoin.volume.Submissions;
import io.quoin.volume.TestVolumes;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.Superblock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Three members of which one does not keep what it is given.
class SuperblockCheckTest {
    private final List<MemoryFile> files = TestVolumes.members("raid5", 3);
    private final Superblock first = SuperblockIo.read(files.getFirst()).superblock();
    private final Submissions disks = new Submissions(first, files);
    private final List<String> findings = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();
    private final SuperblockCheck check =
            new SuperblockCheck(disks.members, (what, slot) -> findings.add(slot + ": " + what));
    private int done;

    SuperblockCheckTest() {
        disks.members.setListener(
                new MemberSet.Listener() {
                    @Override
                    public void memberFailed(int slot, String cause) {
                        failures.add(slot + ": " + cause);
                    }

                    @Override
                    public void resumed() {}

                    @Override
                    public void memberLate(int slot, String what) {}

                    @Override
                    public void volumeFailed(String cause) {
                        throw new AssertionError(cause);
                    }
                });
        disks.members.persist(() -> {});
        disks.run();
    }

    private void lose(int member, int copy) {
        files.get(member).erase(first.layout().superblockOffset(copy));
    }

    @Test
    void whatIsAsItWasWrittenIsLeftAlone() {
        check.run(() -> done++);
        assertThat(disks.run()).isEqualTo(3 * Superblock.COPIES);
        assertThat(done).isEqualTo(1);
        assertThat(findings).isEmpty();
    }

    @Test
    void copiesThatRottedAreWrittenAgain() {
        lose(1, 2);
        lose(1, 0);
        check.run(() -> done++);
        disks.run();
        assertThat(done).isEqualTo(1);
        assertThat(findings)
                .containsExactly(
                        "1: superblock copies 0101 (bits 3..0) are not what was written; all are written"
                                + " again");
        assertThat(failures).isEmpty();
        assertThat(SuperblockIo.read(files.get(1)).newest()).isEqualTo(0xF);
    }

    @Test
    void aMemberThatDoesNotKeepThemLeaves() {
        lose(2, 3);
        check.run(() -> done++);
        while (!disks.pending.isEmpty()) {
            // Carried out one after the other, and copy 3 of member 2 lost after each.
            disks.runOne();
            lose(2, 3);
        }
        assertThat(done).isEqualTo(1);
        assertThat(findings).hasSize(1);
        assertThat(failures)
                .containsExactly(
                        "2: superblock copies 1000 (bits 3..0) are not what was written, twice");
        assertThat(disks.members.entry(2).state()).isEqualTo(MemberEntry.FAULTY);
    }

    @Test
    void aCopyThatCannotBeReadCostsNoMember() {
        files.get(2).spoil(first.layout().superblockOffset(3));
        check.run(() -> done++);
        while (!disks.pending.isEmpty()) {
            disks.runOne();
            files.get(2).spoil(first.layout().superblockOffset(3));
        }
        assertThat(done).isEqualTo(1);
        assertThat(findings).hasSize(1);
        assertThat(failures).isEmpty();
    }

    @Test
    void superblocksThatAreWrittenMeanwhileAreLookedAtAfterwards() {
        check.run(() -> done++);
        disks.members.persist(() -> {});
        disks.run();
        assertThat(done).isEqualTo(1);
        assertThat(findings).isEmpty();
    }
}
