package io.quoin.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.volume.assembly.Assembly;
import io.quoin.volume.assembly.Creation;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.LocalFile;
import io.quoin.volume.member.Witness;
import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Volumes on real files: what is made, what is refused, and what a refusal leaves behind.
final class MemberFilesTest {
    private static final long BYTES = 96L << 20;

    @TempDir private Path dir;

    private static Creation.Wish wish(String level) {
        return new Creation.Wish("orders", level, 0, 65_536, Guard.CRC32C, 0);
    }

    private static Superblock create(
            Creation.Wish wish, List<Path> paths, long newFileBytes, boolean force, long millis)
            throws VolumeException {
        List<MemberAddress> addresses = paths.stream().map(MemberAddress::of).toList();
        return MemberFiles.create(wish, addresses, newFileBytes, force, millis);
    }

    private List<Path> paths(int count) {
        List<Path> paths = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            paths.add(dir.resolve("m" + i));
        }
        return paths;
    }

    private Path file(String name, long bytes, long at, byte[] content) throws IOException {
        Path path = dir.resolve(name);
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(bytes);
            file.seek(at);
            file.write(content);
        }
        return path;
    }

    @Test
    void aVolumeIsMadeOfNewSparseFilesAndAssembles() throws VolumeException, IOException {
        List<Path> paths = paths(3);
        Superblock made = create(wish("raid5"), paths, BYTES, false, 5);
        assertThat(made.createdMillis()).isEqualTo(5);
        List<BlockFile> files = new ArrayList<>();
        for (Path path : paths) {
            assertThat(Files.size(path)).isEqualTo(BYTES);
            assertThat(Files.readString(path, StandardCharsets.ISO_8859_1))
                    .startsWith("This is a member of a Quoin volume");
            files.add(LocalFile.open(path, true));
        }
        Assembly.Assembled assembled = Assembly.assemble(files.reversed(), Witness.NONE);
        assertThat(assembled.superblock().volume()).isEqualTo(made.volume());
        assertThat(assembled.files()).containsExactlyElementsOf(files);
        assertThat(assembled.notes()).isEmpty();
        files.forEach(BlockFile::close);
    }

    @Test
    void aMemberOfAVolumeIsNotTakenForAnotherUnlessForced() throws VolumeException {
        List<Path> paths = paths(2);
        Superblock first = create(wish("raid1"), paths, BYTES, false, 5);
        assertThatThrownBy(() -> create(wish("raid1"), paths, BYTES, false, 6))
                .isInstanceOf(VolumeException.class)
                .hasMessage(
                        paths.get(0)
                                + ": expected a blank member, found member 0 of volume orders ("
                                + first.volume()
                                + "); --force overwrites it");
        Superblock second = create(wish("raid1"), paths, BYTES, true, 7);
        assertThat(second.volume()).isNotEqualTo(first.volume());
    }

    @Test
    void aMemberWithOneSuperblockCopyLeftIsStillRecognised() throws VolumeException, IOException {
        List<Path> paths = paths(2);
        create(wish("raid1"), paths, BYTES, false, 5);
        try (RandomAccessFile file = new RandomAccessFile(paths.get(0).toFile(), "rw")) {
            file.write(new byte[1 << 20]);
            file.seek(BYTES - 4096);
            file.write(new byte[4096]);
        }
        assertThatThrownBy(() -> create(wish("raid1"), paths, BYTES, false, 6))
                .hasMessageContaining("found member 0 of volume orders");
    }

    /// As a crash leaves it between the first write to a new member and its superblocks.
    @Test
    void aMemberWithALabelAndNothingElseIsBlank() throws VolumeException, IOException {
        byte[] label =
                "This is a member of a Quoin volume (quoin examine tells which).\n".getBytes();
        Path cut = file("cut", BYTES, 0, label);
        Path fresh = dir.resolve("fresh");
        create(wish("raid1"), List.of(cut, fresh), BYTES, false, 5);
        Path more = file("more", BYTES, label.length, new byte[] {1});
        try (RandomAccessFile file = new RandomAccessFile(more.toFile(), "rw")) {
            file.write(label);
        }
        assertThatThrownBy(() ->
                        create(wish("raid1"), List.of(more, dir.resolve("other")), BYTES, false, 5))
                .hasMessageContaining("bytes other than zeros");
    }

    @ParameterizedTest
    @CsvSource({
        "1080, 53EF, an ext filesystem",
        "0, 58465342, an XFS filesystem",
        "65600, 5F42485266535F4D, a Btrfs filesystem",
        "510, 55AA, a partition table or boot sector",
        "4086, 5357415053504143, bytes other than zeros at offset 4080",
        "512, 4C4142454C4F4E45, bytes other than zeros at offset 512",
        "4096, FC4E2BA9, bytes other than zeros at offset 4096",
        "1048568, 01, bytes other than zeros at offset 1048568",
        "1048576, 01, bytes other than zeros at offset 1048576",
        "2031616, FC4E2BA9, bytes other than zeros at offset 2031616",
        "2088960, FC4E2BA9, bytes other than zeros at offset 2088960",
        "2097151, 01, bytes other than zeros at offset 2097144",
    })
    void whatLooksUsedIsNamedAndLeftAlone(int offset, String hex, String finding)
            throws IOException {
        byte[] content = java.util.HexFormat.of().parseHex(hex);
        Path used = file("used", 2 << 20, offset, content);
        byte[] before = Files.readAllBytes(used);
        Path fresh = dir.resolve("fresh");
        assertThatThrownBy(() -> create(wish("raid1"), List.of(fresh, used), BYTES, false, 5))
                .isInstanceOf(VolumeException.class)
                .hasMessage(
                        used
                                + ": expected a blank member, found "
                                + finding
                                + "; --force overwrites it");
        assertThat(Files.readAllBytes(used)).isEqualTo(before);
        assertThat(fresh).as("made for this and removed again").doesNotExist();
    }

    @Test
    void whatEndsAmidABlockIsBlankWhenItsBlocksAre() throws VolumeException, IOException {
        for (long bytes : new long[] {4096, 10_000, (1 << 20) + 5000, (3 << 20) - 512}) {
            Path path = file("odd" + bytes, bytes, 0, new byte[1]);
            try (LocalFile file = LocalFile.open(path, true)) {
                assertThat(MemberFiles.checkBlank(file, false)).isFalse();
            }
        }
    }

    @Test
    void wipingLeavesABlankMember() throws VolumeException, IOException {
        Path used = file("used", BYTES, BYTES - 8192, new byte[] {1, 2, 3});
        try (RandomAccessFile file = new RandomAccessFile(used.toFile(), "rw")) {
            file.write(1);
        }
        MemberFiles.wipe(MemberAddress.of(used));
        try (LocalFile file = LocalFile.open(used, true)) {
            assertThat(MemberFiles.checkBlank(file, false)).isFalse();
        }
    }

    @Test
    void aForcedMemberIsClearedWhereOldBytesWouldMeanSomething()
            throws IOException, VolumeException {
        Path used = file("used", BYTES, 1080, new byte[] {0x53, (byte) 0xEF});
        create(wish("raid1"), List.of(used, dir.resolve("fresh")), BYTES, true, 5);
        try (RandomAccessFile file = new RandomAccessFile(used.toFile(), "r")) {
            file.seek(1080);
            assertThat(file.readShort()).isZero();
        }
        try (LocalFile file = LocalFile.open(used, false)) {
            assertThat(io.quoin.volume.member.SuperblockIo.read(file).valid()).isEqualTo(0xF);
        }
    }

    @Test
    void theSameMemberTwiceIsRefusedUnderWhateverName() throws IOException {
        Path path = dir.resolve("m0");
        assertThatThrownBy(() -> create(wish("raid1"), List.of(path, path), BYTES, false, 5))
                .hasMessage(path + ": given twice");
        assertThat(path).doesNotExist();
        Path real = file("real", BYTES, 0, new byte[1]);
        Path link = Files.createSymbolicLink(dir.resolve("link"), real);
        assertThatThrownBy(() -> create(wish("raid1"), List.of(real, link), BYTES, false, 5))
                .hasMessage(link + ": given twice");
        Path hard = Files.createLink(dir.resolve("hard"), real);
        assertThatThrownBy(() -> create(wish("raid1"), List.of(real, hard), BYTES, false, 5))
                .hasMessage(hard + ": given twice");
    }

    @Test
    void aMissingFileIsMadeOnlyWhenASizeIsGiven() {
        Path path = dir.resolve("m0");
        assertThatThrownBy(() -> create(wish("raid0"), List.of(path), 0, false, 5))
                .isInstanceOf(VolumeException.class)
                .hasMessage(path + ": no such file or device (--size makes files)");
    }

    @Test
    void membersTooSmallAreRefusedAndNothingStays() {
        List<Path> paths = paths(2);
        assertThatThrownBy(() -> create(wish("raid1"), paths, 1 << 20, false, 5))
                .isInstanceOf(VolumeException.class)
                .hasMessageStartingWith(paths.get(0) + ": member size: expected at least ");
        assertThat(paths.get(0)).doesNotExist();
        assertThat(paths.get(1)).doesNotExist();
    }

    @Test
    void aMemberThatAVolumeHoldsIsNotTaken() throws VolumeException, IOException {
        List<Path> paths = paths(2);
        create(wish("raid1"), paths, BYTES, false, 5);
        try (LocalFile held = LocalFile.open(paths.get(0), true)) {
            assertThatThrownBy(() -> create(wish("raid1"), paths, BYTES, true, 6))
                    .hasMessage(held.name() + ": in use by a volume of this daemon");
        }
    }
}
