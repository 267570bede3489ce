package io.quoin.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.member.Witness.Membership;
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

    private static Membership at(long epoch) {
        return new Membership(epoch, -5 * epoch);
    }

    private FileWitness open() {
        return new FileWitness(folder.resolve("witness"));
    }

    @Test
    void knowsNothingOfAVolumeItWasNotToldAbout() {
        assertThat(open().newest(ORDERS)).isNull();
    }

    @Test
    void remembersTheNewestEpochOfEachVolumeAcrossRestarts() {
        assertThat(open().record(ORDERS, at(7))).isTrue();
        assertThat(open().record(TRADES, at(1))).isTrue();
        assertThat(open().record(ORDERS, at(8))).isTrue();
        assertThat(open().newest(ORDERS)).isEqualTo(at(8));
        assertThat(open().newest(TRADES)).isEqualTo(at(1));
    }

    @Test
    void neverGoesBack() {
        FileWitness witness = open();
        assertThat(witness.record(ORDERS, at(8))).isTrue();
        assertThat(witness.record(ORDERS, at(8))).isTrue();
        assertThat(witness.record(ORDERS, at(7))).isFalse();
        assertThat(witness.record(ORDERS, new Membership(8, 1))).as("others in sync").isFalse();
        assertThat(witness.observe(ORDERS, at(7))).isTrue();
        assertThat(open().newest(ORDERS)).isEqualTo(at(8));
    }

    @Test
    void leavesAFileAloneThatMakesNoSense() throws IOException {
        Files.writeString(folder.resolve("witness"), "00000000-0000-0001-0000-000000000002 x\n");
        FileWitness witness = open();
        assertThat(witness.newest(ORDERS)).isNull();
        assertThat(witness.record(ORDERS, at(9))).isFalse();
        assertThat(Files.readString(folder.resolve("witness"))).endsWith(" x\n");
    }

    @Test
    void saysWhenAnEpochCouldNotBeMadeDurable() {
        FileWitness witness = new FileWitness(folder.resolve("none/witness"));
        assertThat(witness.record(ORDERS, at(1))).isFalse();
        assertThat(witness.newest(ORDERS)).isNull();
    }
}
