package io.quoin.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileWitnessTest {
    private static final UUID ORDERS = new UUID(1, 2);
    private static final UUID TRADES = new UUID(3, 4);

    @TempDir Path folder;

    private FileWitness open() {
        return new FileWitness(folder.resolve("witness"));
    }

    @Test
    void knowsNothingOfAVolumeItWasNotToldAbout() {
        assertThat(open().configEpoch(ORDERS)).isEqualTo(-1);
    }

    @Test
    void remembersTheNewestEpochOfEachVolumeAcrossRestarts() {
        assertThat(open().record(ORDERS, 7)).isTrue();
        assertThat(open().record(TRADES, 1)).isTrue();
        assertThat(open().record(ORDERS, 8)).isTrue();
        assertThat(open().configEpoch(ORDERS)).isEqualTo(8);
        assertThat(open().configEpoch(TRADES)).isEqualTo(1);
    }

    @Test
    void neverGoesBack() {
        FileWitness witness = open();
        assertThat(witness.record(ORDERS, 8)).isTrue();
        assertThat(witness.record(ORDERS, 8)).isTrue();
        assertThat(witness.record(ORDERS, 7)).isFalse();
        assertThat(witness.observe(ORDERS, 7)).isTrue();
        assertThat(open().configEpoch(ORDERS)).isEqualTo(8);
    }

    @Test
    void leavesAFileAloneThatMakesNoSense() throws IOException {
        Files.writeString(folder.resolve("witness"), "00000000-0000-0001-0000-000000000002 x\n");
        FileWitness witness = open();
        assertThat(witness.configEpoch(ORDERS)).isEqualTo(-1);
        assertThat(witness.record(ORDERS, 9)).isFalse();
        assertThat(Files.readString(folder.resolve("witness"))).endsWith(" x\n");
    }

    @Test
    void saysWhenAnEpochCouldNotBeMadeDurable() {
        FileWitness witness = new FileWitness(folder.resolve("none/witness"));
        assertThat(witness.record(ORDERS, 1)).isFalse();
        assertThat(witness.configEpoch(ORDERS)).isEqualTo(-1);
    }
}
