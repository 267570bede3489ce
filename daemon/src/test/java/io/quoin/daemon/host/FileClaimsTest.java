package io.quoin.daemon.host;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.volume.assembly.VolumeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

    @Test
    void oneFileUnderTwoNamesIsFound() {
        assertThatThrownBy(() -> claims.take(List.of(file, link), "volume a"))
                .isInstanceOf(VolumeException.class)
                .hasMessage(
                        link
                                + " and "
                                + file
                                + ": expected two members, found one file given twice");
    }

    @Test
    void aFileInUseIsRefusedWithItsOwnerUntilItIsLetGo() throws VolumeException {
        FileClaims.Claim claim = claims.take(List.of(file), "volume a");
        Path symbolic = folder.resolve("symbolic");
        assertThatThrownBy(() -> claims.take(List.of(symbolic), "volume b"))
                .hasMessage(symbolic + ": in use by volume a of this daemon");
        claim.close();
        claims.take(List.of(symbolic), "volume b");
    }

    @Test
    void oneFileOfSeveralCanBeLetGo() throws IOException, VolumeException {
        Path other = Files.createFile(folder.resolve("other"));
        FileClaims.Claim claim = claims.take(List.of(file, other), "volume a");

        claim.release(file);

        claims.take(List.of(link), "volume b");
        assertThatThrownBy(() -> claims.take(List.of(other), "volume b"))
                .hasMessage(other + ": in use by volume a of this daemon");
        claim.close();
        assertThatThrownBy(() -> claims.take(List.of(file), "volume c"))
                .hasMessage(file + ": in use by volume b of this daemon");
    }

    /// As when a dropped member was deleted and the new one got its inode: the claimed path leads nowhere, and
    /// the inode is found under another.
    @Test
    void theInodeOfAFileThatIsGoneMayBeClaimedAgain() throws IOException, VolumeException {
        Files.delete(link);
        FileClaims.Claim old = claims.take(List.of(file), "volume a");
        Path made = folder.resolve("made");
        Files.move(file, made);
        FileClaims.Claim fresh = claims.take(List.of(made), "volume a");
        old.close();
        assertThatThrownBy(() -> claims.take(List.of(made), "volume b"))
                .hasMessage(made + ": in use by volume a of this daemon");
        fresh.close();
        claims.take(List.of(made), "volume b");
    }

    @Test
    void aRefusedClaimHoldsNothing() throws IOException, VolumeException {
        Path other = Files.createFile(folder.resolve("other"));
        claims.take(List.of(file), "volume a");
        assertThatThrownBy(() -> claims.take(List.of(other, file), "volume b"))
                .isInstanceOf(VolumeException.class);
        claims.take(List.of(other, folder.resolve("missing")), "volume c");
    }
}
