package io.quoin.daemon.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The clients that people use, against a device in memory. A client that is not installed is a
/// failure, never a skip.
@Timeout(120)
class StockClientsIT {
    private static final int COPY_BYTES = 24 << 20;

    @TempDir Path folder;

    private ServerFixture fixture;
    private String uri;

    @BeforeEach
    void open() throws IOException {
        fixture = new ServerFixture();
        uri = "nbd+unix:///disk?socket=" + fixture.address;
    }

    @AfterEach
    void close() throws IOException {
        fixture.close();
    }

    private String run(String debianPackage, String... command) throws Exception {
        Path output = folder.resolve("output-" + command[0]);
        Process process;
        try {
            process =
                    new ProcessBuilder(command)
                            .directory(folder.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(output.toFile())
                            .start();
        } catch (IOException e) {
            return fail(command[0] + " is missing: apt-get install " + debianPackage, e);
        }
        process.getOutputStream().close();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
            return fail(
                    String.join(" ", command) + ": no end after 60 s\n" + Files.readString(output));
        }
        String text = Files.readString(output);
        assertThat(process.exitValue()).as(String.join(" ", command) + "\n" + text).isZero();
        return text;
    }

    private void qemuIo(String... commands) throws Exception {
        List<String> line = new ArrayList<>(List.of("qemu-io", "-f", "raw", uri));
        for (String command : commands) {
            line.add("-c");
            line.add(command);
        }
        String text = run("qemu-utils", line.toArray(String[]::new));
        assertThat(text).doesNotContain("failed").doesNotContain("error");
    }

    @Test
    void nbdinfoSeesTheExportAsItIs() throws Exception {
        String text = run("libnbd-bin", "nbdinfo", "--json", uri);
        assertThat(text)
                .contains("\"protocol\": \"newstyle-fixed\"")
                .contains("\"structured\": true")
                .contains("\"export-size\": " + ServerFixture.SIZE_BYTES)
                .contains("\"can_multi_conn\": true")
                .contains("\"can_fua\": true")
                .contains("\"can_df\": true")
                .contains("\"can_fast_zero\": true")
                .contains("\"block_size_maximum\": 33554432")
                .contains("base:allocation");
        assertThat(run("libnbd-bin", "nbdinfo", "--list", uri)).contains("export=\"disk\"");
        assertThat(run("libnbd-bin", "nbdinfo", "--map", uri)).contains("hole,zero");
    }

    @Test
    void nbdcopyBringsBackWhatItTookOverFourConnections() throws Exception {
        byte[] data = new byte[COPY_BYTES];
        new Random(1).nextBytes(data);
        java.util.Arrays.fill(data, 4 << 20, 12 << 20, (byte) 0);
        Path source = Files.write(folder.resolve("source.img"), data);
        Path target = folder.resolve("target.img");
        run("libnbd-bin", "nbdcopy", "--connections=4", "--flush", source.toString(), uri);
        run("libnbd-bin", "nbdcopy", "--connections=4", uri, target.toString());
        byte[] found = Files.readAllBytes(target);
        assertThat(found.length).isEqualTo((int) ServerFixture.SIZE_BYTES);
        assertThat(java.util.Arrays.mismatch(data, 0, COPY_BYTES, found, 0, COPY_BYTES))
                .isEqualTo(-1);
    }

    @Test
    void qemuIoReadsWhatItWrote() throws Exception {
        qemuIo(
                "write -P 0x5a 0 64k",
                "write -f -P 0x11 1000 3000",
                "read -P 0x5a 0 1000",
                "read -P 0x11 1000 3000",
                "read -P 0x5a 4000 61536",
                "write -z 8k 8k",
                "read -P 0 8k 8k",
                "write -z -u 16k 8k",
                "read -P 0 16k 8k",
                "discard 32k 16k",
                "read -P 0 32k 16k",
                "flush",
                "write -P 7 1M 32M",
                "read -P 7 1M 32M",
                "aio_write -P 1 40M 1M",
                "aio_write -P 2 41M 1M",
                "aio_flush",
                "read -P 1 40M 1M",
                "read -P 2 41M 1M");
    }

    @Test
    void qemuIoWorksOverTcp() throws Exception {
        InetSocketAddress address =
                (InetSocketAddress)
                        fixture.server.listen(
                                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        uri = "nbd://127.0.0.1:" + address.getPort() + "/disk";
        qemuIo("write -P 3 5 70000", "read -P 3 5 70000");
    }

    @Test
    void fioVerifiesWhatItWroteAtDepth32() throws Exception {
        String text =
                run(
                        "fio",
                        "fio",
                        "--name=verify",
                        "--ioengine=nbd",
                        "--uri=" + uri,
                        "--rw=randwrite",
                        "--bs=4k",
                        "--iodepth=32",
                        "--size=32m",
                        "--verify=crc32c",
                        "--do_verify=1",
                        "--verify_fatal=1");
        assertThat(text).contains("err= 0");
    }
}
