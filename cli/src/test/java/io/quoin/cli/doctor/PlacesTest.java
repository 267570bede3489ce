package io.quoin.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A host's files, made up: partitions, a disk of its own, a mapping over two disks, memory.
class PlacesTest {
    @TempDir Path folder;
    private Places places;

    @BeforeEach
    void host() throws IOException {
        Path root = folder.toRealPath();
        Path sys = root.resolve("sys");
        Path devices = sys.resolve("devices/pci0/block");
        disk(devices.resolve("sda"), "write through");
        disk(devices.resolve("sdb"), "write back");
        for (String partition : List.of("sda1", "sda2")) {
            Path path = Files.createDirectories(devices.resolve("sda").resolve(partition));
            Files.writeString(path.resolve("partition"), partition.substring(3));
        }
        Path mapped = sys.resolve("devices/virtual/block/dm-0");
        disk(mapped, "write back");
        Files.createDirectories(mapped.resolve("slaves"));
        Files.createSymbolicLink(mapped.resolve("slaves/sda2"), devices.resolve("sda/sda2"));
        Files.createSymbolicLink(mapped.resolve("slaves/sdb"), devices.resolve("sdb"));
        Path numbers = Files.createDirectories(sys.resolve("dev/block"));
        Files.createSymbolicLink(numbers.resolve("8:1"), devices.resolve("sda/sda1"));
        Files.createSymbolicLink(numbers.resolve("8:16"), devices.resolve("sdb"));
        Files.createSymbolicLink(numbers.resolve("253:0"), mapped);
        Path self = Files.createDirectories(root.resolve("proc/self"));
        Files.writeString(
                self.resolve("mountinfo"),
                String.join(
                        "\n",
                        mount("/", "8:1", "ext4", "/dev/root"),
                        mount(root + "/b", "8:16", "xfs", "/dev/none"),
                        mount(root + "/with\\040space", "253:0", "ext4", "/dev/none"),
                        mount(root + "/m", "0:44", "tmpfs", "tmpfs")));
        for (String each : List.of("a", "b", "with space", "m", "b/deeper")) {
            Files.createDirectories(root.resolve(each));
            Files.writeString(root.resolve(each).resolve("member"), "");
        }
        places = new Places(root.resolve("proc"), sys);
    }

    private static void disk(Path path, String cache) throws IOException {
        Files.createDirectories(path.resolve("queue"));
        Files.writeString(path.resolve("queue/write_cache"), cache + "\n");
    }

    private static String mount(String point, String number, String type, String source) {
        return "36 35 "
                + number
                + " / "
                + point
                + " rw,noatime shared:1 - "
                + type
                + " "
                + source
                + " rw";
    }

    private Places.Place of(String directory) throws IOException {
        return places.of(folder.resolve(directory).resolve("member"));
    }

    @Test
    void namesDisksBeneathPartitionsAndMappings() throws IOException {
        assertThat(of("a").disks()).containsExactly("sda");
        assertThat(of("a").hasVolatileCache()).isFalse();
        assertThat(of("b").disks()).containsExactly("sdb");
        assertThat(of("b").hasVolatileCache()).isTrue();
        assertThat(of("b/deeper")).isEqualTo(of("b"));
        assertThat(of("with space").disks()).containsExactly("sda", "sdb");
        assertThat(of("m").filesystem()).isEqualTo("tmpfs");
        assertThat(of("m").disks()).isEmpty();
    }

    private List<Finding> check(int parity, String... directories) {
        JsonArray members = new JsonArray();
        for (int slot = 0; slot < directories.length; slot++) {
            JsonObject member = new JsonObject();
            member.put("slot", slot);
            member.put("path", folder.resolve(directories[slot]).resolve("member").toString());
            members.add(member);
        }
        JsonObject volume = new JsonObject();
        volume.put("name", "orders");
        volume.put("parityCount", parity);
        volume.put("members", members);
        return MemberChecks.of(volume, places);
    }

    @Test
    void membersOnOneDiskAreLostTogether() {
        assertThat(check(1, "a", "b")).noneMatch(each -> each.what().contains("on one disk"));
        assertThat(check(1, "a", "a", "b"))
                .filteredOn(each -> each.what().contains("on one disk"))
                .singleElement()
                .satisfies(each -> {
                    assertThat(each.level()).isEqualTo(Finding.Level.DANGER);
                    assertThat(each.what())
                            .isEqualTo(
                                    "slots [0, 1] lie on one disk (sda): with it 2 members are lost, and"
                                            + " 1 may be");
                });
        assertThat(check(2, "a", "with space", "m"))
                .filteredOn(each -> each.what().contains("on one disk"))
                .singleElement()
                .satisfies(each -> assertThat(each.level()).isEqualTo(Finding.Level.WARNING));
    }

    @Test
    void membersInMemoryAreADanger() {
        assertThat(check(1, "a", "m"))
                .anyMatch(each ->
                        each.level() == Finding.Level.DANGER
                                && each.where().equals("orders, slot 1")
                                && each.what().contains("lies in memory (tmpfs)"));
    }

    @Test
    void whatIsNotHereIsLeftToTheDaemon() {
        assertThat(check(1, "a", "gone")).isEmpty();
    }
}
