package io.quoin.daemon.host;

import io.quoin.daemon.config.DrillVerdict;
import io.quoin.daemon.config.SpareSettings;
import io.quoin.volume.MemberFiles;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.member.LocalFile;
import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/// A spare of the pool: claimed as long as it is there, and one thing at a time is done with it: nothing, a look, or a drill.
///
/// Guarded by the pool.
final class SpareEntry {
    private static final String OWNER = "the spares";

    /// What a look at a spare may keep others waiting: it reads 2 MiB. One that takes longer goes on by itself, and the spare is
    /// in trouble until it has ended.
    private static final long LOOK_MILLIS = 5_000;

    /// Said of a spare whose device has not answered a look.
    static final String NO_ANSWER =
            "no answer: expected an end of a look at it within "
                    + LOOK_MILLIS
                    + " ms, an operation is still in the device";

    final SpareSettings settings;
    private final FileClaims claims;
    private FileClaims.Claim claim;
    private SpareLook look; // null before the first one

    long sizeBytes;
    String trouble = "";

    /// It was blank when it was added, and may be in the midst of an adoption.
    boolean wasBlank;

    /// What was last said of an adoption that failed: it is tried again and again, and said once.
    String told = "";

    /// The last drill, null before the first one.
    DrillRun drill;

    /// How it did when it was last drilled, null when it never was.
    DrillVerdict verdict;

    SpareEntry(SpareSettings settings, FileClaims claims) {
        this.settings = settings;
        this.claims = claims;
    }

    /// A drill has it open, and nobody else may.
    boolean isBeingDrilled() {
        return drill != null && !drill.hasEnded();
    }

    /// A look has it open that got no answer.
    boolean isBeingLookedAt() {
        return look != null && !look.hasEnded();
    }

    boolean hasFailed() {
        return verdict != null && !verdict.isOk();
    }

    boolean isClaimed() {
        return claim != null;
    }

    /// Claims it, unless that was done.
    ///
    /// @throws VolumeException when somebody else has it
    void claim() throws VolumeException {
        if (claim == null) {
            claim = claims.take(List.of(MemberAddress.of(settings.path())), OWNER);
        }
    }

    /// Gives up its claim: at once, or when a drill that is stuck in the device has ended. That of a look that is stuck
    /// there is the look's.
    void letGo() {
        FileClaims.Claim given = claim;
        claim = null;
        if (given != null && isBeingDrilled()) {
            drill.whenEnded(given::close);
        } else if (given != null) {
            given.close();
        }
    }

    /// Notes how large it is, and what keeps it from being taken. One that is being drilled is left alone, and so is one whose
    /// device has not answered the last look yet. Waits for a device, but not for long.
    ///
    /// @param isBeingAdopted whether an opened file is in the midst of an adoption by a volume of this host
    /// @param whenAnswered runs when a device that did not answer has; must not wait
    void look(Predicate<LocalFile> isBeingAdopted, Runnable whenAnswered) {
        if (isBeingDrilled() || isBeingLookedAt()) {
            return;
        }
        Path path = settings.path();
        FileClaims.Claim held = claim;
        boolean mayBeAdopted = wasBlank;
        claim = null; // the look has it
        look =
                SpareLook.start(
                        path,
                        () ->
                                lookAt(
                                        path,
                                        held,
                                        file -> mayBeAdopted && isBeingAdopted.test(file)));
        SpareLook.Found found = look.await(LOOK_MILLIS);
        if (found == null) {
            trouble = path + ": " + NO_ANSWER;
            look.whenEnded(late -> {
                close(late.claim());
                whenAnswered.run();
            });
            return;
        }
        claim = found.claim();
        sizeBytes = found.sizeBytes();
        trouble = found.trouble();
    }

    private static void close(FileClaims.Claim claim) {
        if (claim != null) {
            claim.close();
        }
    }

    /// Looks at it, by the look's own thread.
    private SpareLook.Found lookAt(
            Path path, FileClaims.Claim held, Predicate<LocalFile> isBeingAdopted) {
        FileClaims.Claim taken = held;
        long bytes = 0;
        try {
            if (!Files.exists(path)) {
                close(taken);
                return new SpareLook.Found(null, 0, path + ": no such file or device");
            }
            if (taken == null) {
                taken = claims.take(List.of(MemberAddress.of(path)), OWNER);
            }
            try (LocalFile file = LocalFile.open(path, true)) {
                bytes = file.lengthBytes();
                if (!isBeingAdopted.test(file)) {
                    MemberFiles.checkBlank(file, false);
                }
            }
            return new SpareLook.Found(taken, bytes, "");
        } catch (IOException | VolumeException e) {
            return new SpareLook.Found(taken, bytes, e.getMessage());
        }
    }
}
