package io.quoin.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/// Where members lie, by what Linux says of its mounts and block devices (`/proc/self/mountinfo`, `/sys/dev/block`; proc(5), sysfs(5)).
public final class Places {
    /// Where a member lies.
    ///
    /// @param filesystem type of the file system; `device` of a block device
    /// @param disks names of the whole disks beneath, as far as they are known
    /// @param hasVolatileCache whether one of them may forget what was not flushed
    public record Place(String filesystem, Set<String> disks, boolean hasVolatileCache) {}

    private record Mount(String device, String point, String type, String source) {}

    private final Path proc;
    private final Path sys;

    /// Places by the host's own word.
    public Places() {
        this(Path.of("/proc"), Path.of("/sys"));
    }

    Places(Path proc, Path sys) {
        this.proc = proc;
        this.sys = sys;
    }

    /// {@return where a member lies}
    ///
    /// @param member its path
    /// @throws IOException when the host does not say
    public Place of(Path member) throws IOException {
        Path real = member.toRealPath();
        if (!Files.isRegularFile(real)) {
            return place("device", number(real));
        }
        Mount mount = mount(real);
        if (Files.exists(sys.resolve("dev/block").resolve(mount.device))) {
            return place(mount.type, mount.device);
        }
        // Some file systems have a number of their own, and name their device.
        Path source = Path.of(mount.source);
        boolean isDevice = mount.source.startsWith("/dev/") && Files.exists(source);
        return isDevice
                ? place(mount.type, number(source.toRealPath()))
                : new Place(mount.type, Set.of(), false);
    }

    private static String number(Path device) throws IOException {
        long number = ((Number) Files.getAttribute(device, "unix:rdev")).longValue();
        long major = number >> 8 & 0xFFF;
        long minor = number & 0xFF | number >> 12 & 0xFFF00;
        return major + ":" + minor;
    }

    private Mount mount(Path file) throws IOException {
        Mount found = null;
        for (String line : Files.readAllLines(proc.resolve("self/mountinfo"))) {
            String[] words = line.split(" ");
            int dash = List.of(words).indexOf("-");
            Mount mount =
                    new Mount(
                            words[2],
                            unescape(words[4]),
                            words[dash + 1],
                            unescape(words[dash + 2]));
            boolean isAbove = file.startsWith(mount.point);
            if (isAbove && (found == null || mount.point.length() >= found.point.length())) {
                found = mount; // of mounts at one point the last one counts
            }
        }
        if (found == null) {
            throw new IOException(file + ": on no mount that " + proc + " knows");
        }
        return found;
    }

    private static String unescape(String text) {
        return text.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
    }

    private Place place(String filesystem, String number) throws IOException {
        Set<Path> disks = new TreeSet<>();
        Path device = sys.resolve("dev/block").resolve(number);
        if (Files.exists(device)) {
            addDisks(device.toRealPath(), disks);
        }
        Set<String> names = new TreeSet<>();
        boolean isVolatile = false;
        for (Path disk : disks) {
            names.add(disk.getFileName().toString());
            Path cache = disk.resolve("queue/write_cache");
            isVolatile |= Files.exists(cache) && Files.readString(cache).startsWith("write back");
        }
        return new Place(filesystem, names, isVolatile);
    }

    private static void addDisks(Path device, Set<Path> disks) throws IOException {
        Path disk = Files.exists(device.resolve("partition")) ? device.getParent() : device;
        Path beneath = disk.resolve("slaves");
        List<Path> others = List.of();
        if (Files.isDirectory(beneath)) {
            try (Stream<Path> all = Files.list(beneath)) {
                others = all.toList();
            }
        }
        if (others.isEmpty()) {
            disks.add(disk);
        }
        for (Path other : others) {
            addDisks(other.toRealPath(), disks);
        }
    }
}
