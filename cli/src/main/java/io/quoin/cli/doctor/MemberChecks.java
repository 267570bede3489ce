package io.quoin.cli.doctor;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// What the host tells of the places where members lie.
public final class MemberChecks {
    private static final Set<String> IN_MEMORY = Set.of("tmpfs", "ramfs");
    private static final Set<String> BY_SOMEBODY = Set.of("nfs", "nfs4", "cifs", "smb3", "9p");

    private final Places places;
    private final String volume;
    private final int parityCount;
    private final List<Finding> findings = new ArrayList<>();
    private final Map<String, List<Integer>> slotsByDisk = new TreeMap<>();

    private MemberChecks(Places places, JsonObject volume) {
        this.places = places;
        this.volume = volume.getString("name");
        parityCount = volume.getInt("parityCount");
    }

    /// {@return what is wrong with where a volume's members lie}
    ///
    /// @param volume the daemon's `volume`
    /// @param places what the host says
    public static List<Finding> of(JsonObject volume, Places places) {
        MemberChecks checks = new MemberChecks(places, volume);
        for (Object each : volume.getArray("members", new JsonArray())) {
            JsonObject member = (JsonObject) each;
            String path = member.getString("path");
            if (path != null && path.startsWith("/")) {
                checks.place(member.getInt("slot"), Path.of(path));
            }
        }
        checks.sharing();
        return checks.findings;
    }

    private void place(int slot, Path member) {
        String where = volume + ", slot " + slot;
        Places.Place place;
        try {
            if (!Files.exists(member)) {
                return; // of another host, or gone: the daemon says so
            }
            place = places.of(member);
        } catch (IOException e) {
            findings.add(
                    Finding.note(
                            where,
                            "where " + member + " lies could not be found out: " + e.getMessage(),
                            "run it as root, on the host of the daemon"));
            return;
        }
        if (IN_MEMORY.contains(place.filesystem())) {
            findings.add(
                    Finding.danger(
                            where,
                            member
                                    + " lies in memory ("
                                    + place.filesystem()
                                    + "): it is gone with the power",
                            "a disk"));
        } else if (BY_SOMEBODY.contains(place.filesystem())) {
            findings.add(
                    Finding.warning(
                            where,
                            member
                                    + " lies on "
                                    + place.filesystem()
                                    + ": whether what is flushed is durable is up to another host",
                            "a member over NBD, or a disk of this host"));
        } else if (place.filesystem().equals("overlay") || place.filesystem().startsWith("fuse")) {
            findings.add(
                    Finding.warning(
                            where,
                            member
                                    + " lies on "
                                    + place.filesystem()
                                    + ": its flushes are as good as what is beneath",
                            "a file on ext4 or XFS, or a block device"));
        } else if (place.hasVolatileCache()) {
            findings.add(
                    Finding.note(
                            where,
                            "its disk ("
                                    + String.join(", ", place.disks())
                                    + ") has a volatile cache: nothing is lost, each commit waits for a"
                                    + " flush",
                            "disks whose cache survives the power commit several times as fast"));
        }
        for (String disk : place.disks()) {
            slotsByDisk.computeIfAbsent(disk, each -> new ArrayList<>()).add(slot);
        }
    }

    private void sharing() {
        slotsByDisk.forEach((disk, slots) -> {
            if (slots.size() < 2) {
                return;
            }
            boolean isTooMuch = slots.size() > parityCount;
            findings.add(
                    new Finding(
                            isTooMuch ? Finding.Level.DANGER : Finding.Level.WARNING,
                            volume,
                            "slots "
                                    + slots
                                    + " lie on one disk ("
                                    + disk
                                    + "): with it "
                                    + slots.size()
                                    + " members are lost, and "
                                    + parityCount
                                    + " may be",
                            "quoin member replace, onto a disk of its own"));
        });
    }
}
