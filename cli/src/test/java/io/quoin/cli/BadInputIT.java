package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What operators and disks do wrong: one line that names what, where, expected and found, an exit code
/// that is not zero, and nothing lost.
class BadInputIT {
    private static final int REFUSED = 1;
    private static final int USAGE = 2;
    private static final int ENVIRONMENT = 3;
    private static final long MEMBER_BYTES = 100L << 20;

    @TempDir Path folder;
    private Installation here;

    @BeforeEach
    void install() {
        here = new Installation(folder);
    }

    @AfterEach
    void remove() throws IOException {
        here.close();
    }

    private void create(String name, String level, int count, String... more) throws IOException {
        String[] words = new String[6 + count + more.length];
        words[0] = "create";
        words[1] = name;
        words[2] = "--level=" + level;
        words[3] = "--size=" + MEMBER_BYTES;
        words[4] = "--state";
        words[5] = "@state";
        for (int i = 0; i < count; i++) {
            words[6 + i] = "@" + name + i;
        }
        System.arraycopy(more, 0, words, 6 + count, more.length);
        here.done((Object[]) words);
    }

    /// Starts a daemon that ends with a refusal.
    private void serveRefused(int exitCode, String message, Object... words) throws IOException {
        Installation.expectRefusal(here.start(words).finish(), exitCode, message, "quoind: ");
    }

    private void damageCopies(String name, int... copies) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(here.path(name).toFile(), "rw")) {
            long[] offsets = {4096, 65_536, file.length() - 65_536, file.length() - 4096};
            for (int copy : copies) {
                file.seek(offsets[copy] + 700);
                file.write(new byte[] {9, 9, 9, 9, 9, 9, 9, 9});
            }
        }
    }

    @Test
    void unknownAndContradictoryOptions() throws IOException {
        here.refused(
                USAGE,
                "Unknown option: '--lvl=raid1'",
                "create",
                "a",
                "--level=raid1",
                "--lvl=raid1",
                "@m0",
                "@m1");
        here.refused(USAGE, "Missing required option: '--level", "create", "a", "@m0");
        here.refused(
                USAGE,
                "--unit: expected a power of two",
                "create",
                "a",
                "--level=raid5",
                "--unit=5000",
                "@m0");
        here.refused(USAGE, "expected one of them", "scrub", "start", "a", "--all");
        here.refused(USAGE, "expected one of start, pause", "scrub");
        here.refused(USAGE, "--count: expected 1 to 1024, was 0", "events", "--count=0");
        here.refused(
                REFUSED,
                "level: expected raid0, raid1, raid5, raid6, raid10 or k+m such as 4+2, was raid9",
                "create",
                "a",
                "--level=raid9",
                "--size=100M",
                "@m0",
                "--state",
                "@state");
        here.refused(
                REFUSED,
                "raid5: copies are for raid1 and raid10, was 2",
                "create",
                "a",
                "--level=raid5",
                "--copies=2",
                "--size=100M",
                "@m0",
                "@m1",
                "@m2",
                "--state",
                "@state");
        here.refused(
                REFUSED,
                "raid5: expected at least 3 members, was 2",
                "create",
                "a",
                "--level=raid5",
                "--size=100M",
                "@m0",
                "@m1",
                "--state",
                "@state");
        here.refused(
                REFUSED,
                "guard: expected crc16, crc16+hamming, crc32c, crc32c+hamming, xxh3 or xxh3+hamming, was md5",
                "create",
                "a",
                "--level=raid1",
                "--guard=md5",
                "@m0",
                "@m1");
        serveRefused(USAGE, "--sockets: unknown option", "--sockets=/x");
        Path settings = Files.writeString(here.path("bad.toml"), "[engine]\nbufer = 1\n");
        serveRefused(
                USAGE,
                settings + ":2: [engine] bufer: unknown; expected one of buffer",
                "--config",
                settings);
        assertThat(here.path("m0")).doesNotExist();
    }

    @Test
    void noDaemon() throws IOException {
        here.refused(ENVIRONMENT, "no daemon at " + here.control() + ": no such socket", "list");
        ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                .bind(UnixDomainSocketAddress.of(here.control()))
                .close();
        here.refused(ENVIRONMENT, "no daemon at " + here.control() + ": nobody answers", "status");
    }

    @Test
    void membersTooSmallUnequalMissingOrRepeated() throws IOException {
        Path small = here.file("small", 1 << 20);
        here.refused(
                REFUSED,
                small + ": member size: expected at least",
                "create",
                "a",
                "--level=raid1",
                "--size=100M",
                "@small",
                "@m1",
                "--state",
                "@state");
        assertThat(Files.size(small)).isEqualTo(1 << 20);
        assertThat(here.path("m1")).doesNotExist();
        here.refused(
                REFUSED,
                here.path("m0") + ": no such file or device (--size makes files)",
                "create",
                "a",
                "--level=raid1",
                "@m0",
                "@m1",
                "--state",
                "@state");
        here.refused(
                REFUSED,
                here.path("m0") + ": given twice",
                "create",
                "a",
                "--level=raid1",
                "--size=100M",
                "@m0",
                "@m0",
                "--state",
                "@state");
        assertThat(here.path("m0")).doesNotExist();

        here.file("b0", MEMBER_BYTES);
        here.file("b1", MEMBER_BYTES + (40 << 20));
        Shell.Result created =
                here.quoin("create", "b", "--level=raid1", "@b0", "@b1", "--state", "@state");
        assertThat(created.exitCode()).as(created.err()).isZero();
        assertThat(created.err())
                .contains(
                        "members differ in size: of each as much is used as the least has, "
                                + here.path("b0")
                                + " with 100 MiB");
        Files.createLink(here.path("link"), here.path("b0"));
        serveRefused(REFUSED, "found one file given twice", "@b0", "@link");
        serveRefused(USAGE, "is given twice", "@b0", "@b0");
        serveRefused(
                REFUSED,
                here.path("none") + ": no such file or device; leave it out to assemble without it",
                "@b0",
                "@b1",
                "@none");
    }

    @Test
    void membersThatHoldSomething() throws IOException {
        create("a", "raid1", 2);
        Path filesystem = here.file("fs", MEMBER_BYTES);
        here.tool("e2fsprogs", "mkfs.ext4", "-q", filesystem);
        Files.copy(filesystem, here.path("fs.before"));
        Files.copy(here.path("a0"), here.path("a0.before"));
        here.refused(
                REFUSED,
                filesystem
                        + ": expected a blank member, found an ext filesystem; --force overwrites it",
                "create",
                "b",
                "--level=raid1",
                "--size=100M",
                "@fs",
                "@b1",
                "--state",
                "@state");
        here.refused(
                REFUSED,
                here.path("a0") + ": expected a blank member, found member 0 of volume a (",
                "create",
                "b",
                "--level=raid1",
                "--size=100M",
                "@a0",
                "@b1",
                "--state",
                "@state");
        here.refused(
                REFUSED,
                "Not confirmed",
                "create",
                "b",
                "--level=raid1",
                "--size=100M",
                "@fs",
                "@b1",
                "--force",
                "--state",
                "@state");
        assertThat(Files.mismatch(filesystem, here.path("fs.before"))).isEqualTo(-1);
        assertThat(Files.mismatch(here.path("a0"), here.path("a0.before"))).isEqualTo(-1);
        assertThat(here.path("b1")).doesNotExist();
        here.refused(
                REFUSED,
                "volume a: expected a new name",
                "create",
                "a",
                "--level=raid1",
                "--size=100M",
                "@c0",
                "@c1",
                "--state",
                "@state");
        here.done(
                "create",
                "b",
                "--level=raid1",
                "--size=100M",
                "@fs",
                "@b1",
                "--force",
                "--yes",
                "--state",
                "@state");
        assertThat(here.json("examine", "@fs").getObject("superblock").getString("volume"))
                .isEqualTo("b");
    }

    @Test
    void membersOfAnotherVolume() throws IOException {
        create("a", "raid5", 3);
        create("b", "raid5", 3);
        serveRefused(
                REFUSED,
                here.path("b2")
                        + ": expected a member of volume a as "
                        + here.path("a0")
                        + " is, found one of volume b",
                "--state",
                "@other",
                "@a0",
                "@a1",
                "@b2");
        here.refused(REFUSED, "expected a member of volume a", "check", "@a0", "@a1", "@b2");
        Path copy = Files.copy(here.path("a1"), here.path("a1.copy"));
        serveRefused(
                REFUSED,
                copy + " and " + here.path("a1") + ": the same member",
                "--state",
                "@other",
                "@a0",
                "@a1",
                "@a1.copy");
        serveRefused(
                REFUSED,
                here.file("blank", MEMBER_BYTES) + ": expected a superblock, found none",
                "--state",
                "@other",
                "@a0",
                "@a1",
                "@blank");
    }

    @Test
    void staleMembersAndFewerThanK() throws IOException {
        Installation.DaemonProcess daemon = here.serve();
        create("a", "raid5", 3);
        here.qemuIo("a", "write -P 1 0 1M");
        here.done("member", "fail", "a", "0", "--yes");
        here.qemuIo("a", "write -P 2 0 1M");
        daemon.stop();
        here.refused(
                REFUSED,
                "volume a: expected at least 2 members in sync, found 1",
                "check",
                "@a0",
                "@a1");
        serveRefused(
                REFUSED,
                "volume a: expected at least 2 members in sync, found 1",
                "--state",
                "@other",
                "@a0",
                "@a1");
        serveRefused(
                REFUSED,
                "volume a: expected at least 2 members in sync, found 1",
                "--state",
                "@other",
                "@a2");
        // All three: the stale one is not read.
        here.serve();
        assertThat(here.json("status", "a").getString("state")).isEqualTo("degraded");
        assertThat(here.done("events", "a")).contains("stale");
        here.qemuIo("a", "read -P 2 0 1M");
    }

    @Test
    void oneToThreeDamagedSuperblockCopiesAreRepaired() throws IOException {
        create("a", "raid5", 3);
        damageCopies("a0", 0);
        damageCopies("a1", 1, 2);
        damageCopies("a2", 0, 1, 3);
        JsonObject check = here.json("check", "@a0", "@a1", "@a2");
        assertThat(check.getArray("files"))
                .extracting(each -> ((JsonObject) each).getInt("damagedCopies"))
                .containsExactly(1, 2, 3);
        assertThat(check.getString("state")).isEqualTo("optimal");
        Installation.DaemonProcess daemon = here.serve();
        assertThat(here.json("status", "a").getString("state")).isEqualTo("optimal");
        assertThat(here.done("events", "a")).contains("damaged, rewritten from a good one");
        daemon.stop();
        for (String name : new String[] {"@a0", "@a1", "@a2"}) {
            assertThat(here.json("examine", name).getArray("copies"))
                    .extracting(each -> ((JsonObject) each).getString("state"))
                    .containsOnly("valid")
                    .hasSize(4);
        }
    }

    @Test
    void fourDamagedSuperblockCopiesAreNamed() throws IOException {
        Installation.DaemonProcess daemon = here.serve();
        create("a", "raid5", 3);
        here.qemuIo("a", "write -P 5 0 2M");
        daemon.stop();
        damageCopies("a1", 0, 1, 2, 3);
        here.refused(REFUSED, here.path("a1") + ": expected a superblock", "examine", "@a1");
        JsonObject check = here.json("check", "@a0", "@a1", "@a2");
        assertThat(check.getString("state")).isEqualTo("degraded");
        assertThat(check.getArray("notes").toString())
                .contains(here.path("a1") + ": expected a Quoin superblock");
        serveRefused(
                REFUSED,
                here.path("a1")
                        + ": expected a superblock, found none: all four copies are damaged",
                "--state",
                "@other",
                "@a0",
                "@a1",
                "@a2");
        // A restart, where nobody can be asked, goes on without it and says so.
        Installation.DaemonProcess again = here.serve();
        assertThat(here.json("status", "a").getString("state")).isEqualTo("degraded");
        assertThat(again.log())
                .contains("warning volume a: member " + here.path("a1") + " left out");
        here.qemuIo("a", "read -P 5 0 2M");
    }

    @Test
    void aTruncatedMember() throws IOException {
        create("a", "raid5", 3);
        try (RandomAccessFile file = new RandomAccessFile(here.path("a1").toFile(), "rw")) {
            file.setLength(MEMBER_BYTES / 2);
        }
        here.refused(REFUSED, here.path("a1") + ": expected at least", "examine", "@a1");
        JsonObject check = here.json("check", "@a0", "@a1", "@a2");
        assertThat(check.getString("state")).isEqualTo("degraded");
        assertThat(check.getArray("notes").toString()).contains("truncated, left out");
        serveRefused(
                REFUSED,
                here.path("a1") + ": expected at least 104857600 bytes, was 52428800: truncated",
                "--state",
                "@other",
                "@a0",
                "@a1",
                "@a2");
    }

    @Test
    void aSecondDaemon() throws IOException {
        here.serve();
        create("a", "raid5", 3);
        serveRefused(
                REFUSED,
                "state directory "
                        + here.state()
                        + ": expected no other daemon, found one (process ");
        serveRefused(
                REFUSED,
                "control socket "
                        + here.control()
                        + ": expected nobody, another daemon answers there",
                "--state",
                "@other");
        serveRefused(
                REFUSED,
                here.path("nbd.sock") + ": another server answers at this socket",
                "--state",
                "@other",
                "--control",
                "@other.sock");
        serveRefused(
                REFUSED,
                here.path("a0") + ": in use, another process holds its lock",
                "--state",
                "@other",
                "--control",
                "@other.sock",
                "--socket",
                "@other-nbd.sock",
                "@a0",
                "@a1",
                "@a2");
        here.refused(
                REFUSED,
                here.path("a0") + ": in use, another process holds its lock",
                "create",
                "b",
                "--level=raid1",
                "@a0",
                "@a1",
                "--force",
                "--yes",
                "--offline");
        // The daemon's own second look must not have cost it the lock.
        here.refused(
                REFUSED,
                here.path("a0") + ": in use by volume a of this daemon",
                "open",
                "@a0",
                "@a1",
                "@a2");
        here.refused(
                REFUSED,
                here.path("a0") + ": in use, another process holds its lock",
                "create",
                "b",
                "--level=raid1",
                "@a0",
                "@a1",
                "--force",
                "--yes",
                "--offline");
        Path file = Files.createFile(here.path("file"));
        serveRefused(
                REFUSED,
                "control socket " + file + ": expected a socket or nothing, was a file",
                "--state",
                "@other",
                "--control",
                file);
        here.qemuIo("a", "write -P 3 0 1M", "read -P 3 0 1M");
    }

    /// A file system of a given size; only root can have one.
    private Path mount(String options) throws IOException {
        Path mountPoint = Files.createDirectories(here.path("mnt"));
        here.tool("mount (as root)", "mount", "-t", "tmpfs", "-o", options, "tmpfs", mountPoint);
        return mountPoint;
    }

    private void unmount() throws IOException {
        here.tool("mount (as root)", "umount", here.path("mnt"));
    }

    @Test
    void aDiskThatIsFullAtCreation() throws IOException {
        Path mountPoint = mount("size=16k");
        try {
            here.refused(
                    REFUSED,
                    mountPoint.resolve("m").toString(),
                    "create",
                    "a",
                    "--level=raid1",
                    "--size=100M",
                    mountPoint.resolve("m0"),
                    mountPoint.resolve("m1"),
                    mountPoint.resolve("m2"),
                    "--offline");
            try (var left = Files.list(mountPoint)) {
                assertThat(left).isEmpty();
            }
        } finally {
            unmount();
        }
    }

    /// Goal: a disk that fills up drops its member, and what was acknowledged stays. Method: one copy of
    /// a mirror on a small file system, write more than fits.
    @Test
    void aDiskThatFillsUpUnderOneMember() throws IOException {
        Path mountPoint = mount("size=24m");
        try {
            Installation.DaemonProcess daemon = here.serve();
            here.done(
                    "create", "a", "--level=raid1", "--size=160M", "@a0", mountPoint.resolve("a1"));
            here.qemuIo(
                    "a",
                    "write -P 1 0 8M",
                    "write -P 2 8M 8M",
                    "write -P 3 16M 8M",
                    "write -P 4 24M 8M");
            assertThat(here.json("status", "a").getString("state")).isEqualTo("degraded");
            assertThat(here.done("events", "a")).contains("faulty");
            here.qemuIo(
                    "a",
                    "read -P 1 0 8M",
                    "read -P 2 8M 8M",
                    "read -P 3 16M 8M",
                    "read -P 4 24M 8M");
            daemon.stop();
        } finally {
            here.close();
            unmount();
        }
    }

    /// Goal: a disk that fills up under all members loses nothing that was acknowledged. Method: write
    /// until a write fails, make room, restart, read all that was acknowledged.
    @Test
    void aDiskThatFillsUpUnderAllMembers() throws IOException {
        Path mountPoint = mount("size=40m");
        try {
            Installation.DaemonProcess daemon = here.serve();
            here.done(
                    "create",
                    "a",
                    "--level=raid5",
                    "--size=160M",
                    mountPoint.resolve("a0"),
                    mountPoint.resolve("a1"),
                    mountPoint.resolve("a2"));
            int acknowledged = 0;
            for (int i = 0; i < 40; i++) {
                String said =
                        new Shell()
                                .run(
                                        "timeout",
                                        "20",
                                        "qemu-io",
                                        "-f",
                                        "raw",
                                        "-c",
                                        "write -f -P " + (i + 1) + " " + i + "M 1M",
                                        here.uri("a"))
                                .out();
                if (!said.contains("wrote 1048576/1048576")) {
                    break;
                }
                acknowledged++;
            }
            assertThat(acknowledged).isBetween(1, 39);
            daemon.kill();
            here.tool("mount (as root)", "mount", "-o", "remount,size=600m", mountPoint);
            here.serve();
            for (int i = 0; i < acknowledged; i++) {
                here.qemuIo("a", "read -P " + (i + 1) + " " + i + "M 1M");
            }
        } finally {
            here.close();
            unmount();
        }
    }

    @Test
    void aReadOnlyMember() throws IOException {
        Path mountPoint = mount("size=300m");
        try {
            here.done(
                    "create",
                    "a",
                    "--level=raid5",
                    "--size=100M",
                    mountPoint.resolve("a0"),
                    mountPoint.resolve("a1"),
                    mountPoint.resolve("a2"),
                    "--state",
                    "@state");
            here.tool("mount (as root)", "mount", "-o", "remount,ro", mountPoint);
            serveRefused(
                    REFUSED,
                    mountPoint.resolve("a0") + ": read-only, a member must be writable",
                    "--state",
                    "@other",
                    mountPoint.resolve("a0"),
                    mountPoint.resolve("a1"),
                    mountPoint.resolve("a2"));
            here.serve();
            assertThat(here.done("list")).contains("not served").contains("read-only");
            here.refused(REFUSED, "read-only", "status", "a");
            assertThat(
                            here.json(
                                            "check",
                                            mountPoint.resolve("a0"),
                                            mountPoint.resolve("a1"),
                                            mountPoint.resolve("a2"))
                                    .getString("state"))
                    .isEqualTo("optimal");
        } finally {
            here.close();
            unmount();
        }
    }

    /// Goal: garbage at the control socket is answered and the daemon lives on.
    @Test
    void garbageAtTheSockets() throws IOException {
        Installation.DaemonProcess daemon = here.serve();
        Random random = new Random(7);
        for (int i = 0; i < 20; i++) {
            byte[] garbage = new byte[1 + random.nextInt(5000)];
            random.nextBytes(garbage);
            for (Path socket : new Path[] {here.control(), here.path("nbd.sock")}) {
                try (var channel =
                        java.nio.channels.SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                    channel.write(java.nio.ByteBuffer.wrap(garbage));
                } catch (IOException e) {
                    assertThat(e).hasMessageContaining("Broken pipe");
                }
            }
        }
        create("a", "raid1", 2);
        here.qemuIo("a", "write -P 3 0 1M", "read -P 3 0 1M");
        assertThat(daemon.log()).doesNotContain(" a bug");
        assertThat(daemon.stop().exitCode()).isZero();
    }

    @Test
    void anImageOfAMemberThatIsOlder() throws IOException {
        Installation.DaemonProcess daemon = here.serve();
        create("a", "raid5", 3);
        here.qemuIo("a", "write -P 1 0 4M");
        daemon.stop();
        Path old = Files.copy(here.path("a1"), here.path("a1.old"));
        daemon = here.serve();
        here.qemuIo("a", "write -P 2 0 4M");
        daemon.stop();
        daemon = here.serve();
        here.qemuIo("a", "write -P 3 4M 4M");
        daemon.stop();
        Files.copy(old, here.path("a1"), StandardCopyOption.REPLACE_EXISTING);
        JsonObject check = here.json("check", "@a0", "@a1", "@a2");
        assertThat(check.getString("state")).isEqualTo("degraded");
        assertThat(check.getArray("notes").toString()).contains("an older image");
        here.serve();
        here.qemuIo("a", "read -P 2 0 4M", "read -P 3 4M 4M");
        assertThat(here.json("status", "a").getString("state")).isEqualTo("degraded");
    }
}
