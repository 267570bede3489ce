package io.quoin.daemon.host;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileClaimsTest {
    @TempDir Path folder;
    private Path file;
    private Path link;
    private final FileClaims claims = new FileClaims();

    @BeforeEach
    void make() throws IOException {
        file = Files.createFile(folder.resolve("file"));
        link = Files.createLink(folder.resolve("link"), file);
        Files.createSymbolicLink(folder.resolve("symbolic"), file);
    }

    private static List<MemberAddress> addresses(Path... paths) {
        return Stream.of(paths).map(MemberAddress::of).toList();
    }

    @Test
    void anExportIsOnesOwnToo() throws VolumeException {
        MemberAddress export = MemberAddress.parse("nbd://localhost/a");
        FileClaims.Claim claim = claims.take(List.of(export), "volume a");
        MemberAddress same = MemberAddress.parse("nbd://LOCALHOST:10809/a");
        assertThatThrownBy(() -> claims.take(List.of(same), "volume b"))
                .hasMessage("nbd://localhost/a: in use by volume a of this daemon");
        claims.take(List.of(MemberAddress.parse("nbd://localhost/b")), "volume b");
        claim.release(export);
        claims.take(List.of(same), "volume b");
    }

    @Test
    void oneFileUnderTwoNamesIsFound() {
        assertThatThrownBy(() -> claims.take(addresses(file, link), "volume a"))
                .isInstanceOf(VolumeException.class)
                .hasMessage(
                        link
                                + " and "
                                + file
                                + ": expected two members, found one file given twice");
    }

    @Test
    void aFileInUseIsRefusedWithItsOwnerUntilItIsLetGo() throws VolumeException {
        FileClaims.Claim claim = claims.take(addresses(file), "volume a");
        Path symbolic = folder.resolve("symbolic");
        assertThatThrownBy(() -> claims.take(addresses(symbolic), "volume b"))
                .hasMessage(symbolic + ": in use by volume a of this daemon");
        claim.close();
        claims.take(addresses(symbolic), "volume b");
    }

    @Test
    void oneFileOfSeveralCanBeLetGo() throws IOException, VolumeException {
        Path other = Files.createFile(folder.resolve("other"));
        FileClaims.Claim claim = claims.take(addresses(file, other), "volume a");

        claim.release(MemberAddress.of(file));

        claims.take(addresses(link), "volume b");
        assertThatThrownBy(() -> claims.take(addresses(other), "volume b"))
                .hasMessage(other + ": in use by volume a of this daemon");
        claim.close();
        assertThatThrownBy(() -> claims.take(addresses(file), "volume c"))
                .hasMessage(file + ": in use by volume b of this daemon");
    }

    /// As when a dropped member was deleted and the new one got its inode: the claimed path leads nowhere, and
    /// the inode is found under another.
    @Test
    void theInodeOfAFileThatIsGoneMayBeClaimedAgain() throws IOException, VolumeException {
        Files.delete(link);
        FileClaims.Claim old = claims.take(addresses(file), "volume a");
        Path made = folder.resolve("made");
        Files.move(file, made);
        FileClaims.Claim fresh = claims.take(addresses(made), "volume a");
        old.close();
        assertThatThrownBy(() -> claims.take(addresses(made), "volume b"))
                .hasMessage(made + ": in use by volume a of this daemon");
        fresh.close();
        claims.take(addresses(made), "volume b");
    }

    @Test
    void aRefusedClaimHoldsNothing() throws IOException, VolumeException {
        Path other = Files.createFile(folder.resolve("other"));
        claims.take(addresses(file), "volume a");
        assertThatThrownBy(() -> claims.take(addresses(other, file), "volume b"))
                .isInstanceOf(VolumeException.class);
        claims.take(addresses(other, folder.resolve("missing")), "volume c");
    }
}
