package io.quoin.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StateDirectoryTest {
    @TempDir Path folder;

    @Test
    void aSecondDaemonIsRefusedByName() throws ConfigException {
        try (StateDirectory state = StateDirectory.open(folder.resolve("state"))) {
            assertThat(state.volumes()).isEmpty();
            assertThatThrownBy(() -> StateDirectory.open(folder.resolve("state")))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("expected no other daemon, found one")
                    .hasMessageContaining("process " + ProcessHandle.current().pid());
        }
    }

    @Test
    void remembersAVolumeWhateverItIsCalled() throws ConfigException {
        VolumeSettings volume =
                new VolumeSettings(
                        Optional.of("o \"r\\d\" é"),
                        List.of(
                                MemberAddress.parse("/m 0/\"x\""),
                                MemberAddress.parse("nbd://[::1]:1/a%20%22b?plaintext=yes"),
                                MemberAddress.parse("nbd+unix:///x?socket=/run/a%26b")),
                        OptionalLong.of(8 << 20));
        try (StateDirectory state = StateDirectory.open(folder)) {
            state.remember(volume);
            assertThat(state.volume(volume.name().orElseThrow())).hasValue(volume);
            assertThat(state.isRemembered(volume.name().orElseThrow())).isTrue();
            assertThat(state.volumes())
                    .singleElement()
                    .satisfies(each -> assertThat(each.volume()).hasValue(volume));
            state.forget(volume.name().orElseThrow());
            assertThat(state.volumes()).isEmpty();
            assertThat(state.volume("orders")).isEmpty();
        }
    }

    @Test
    void aFileThatMakesNoSenseIsNamedAndDoesNotHideTheOthers() throws ConfigException, IOException {
        try (StateDirectory state = StateDirectory.open(folder)) {
            state.remember(
                    new VolumeSettings(
                            Optional.of("b"),
                            List.of(MemberAddress.parse("/m")),
                            OptionalLong.empty()));
            Files.writeString(folder.resolve("volumes/a.toml"), "name = \n");
            Files.writeString(folder.resolve("volumes/b.toml.new"), "half");
            assertThat(state.volumes()).hasSize(2);
            assertThat(state.volumes().getFirst().error()).contains("volumes/a.toml:1: no TOML");
            assertThat(state.volumes().getLast().name()).isEqualTo("b");
        }
    }

    @Test
    void remembersSparesInTheirOrder() throws ConfigException {
        List<SpareSettings> spares =
                List.of(
                        new SpareSettings(Path.of("/s \"1\""), List.of()),
                        new SpareSettings(Path.of("/s0"), List.of("orders", "o \"r\\d\" é")));
        try (StateDirectory state = StateDirectory.open(folder)) {
            assertThat(state.spares()).isEmpty();
            state.rememberSpares(spares);
            assertThat(state.spares()).isEqualTo(spares);
            state.rememberSpares(List.of());
            assertThat(state.spares()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[[spare]]\n",
                "[[spare]]\npath = 's'",
                "[[spare]]\npath = '/s'\nvolumes = ['a/b']",
                "[[spare]]\npath = '/s'\nvolumes = 'a'",
                "[[spare]]\npath = '/s'\nvolume = ['a']",
                "spare = 3"
            })
    void sparesThatMakeNoSenseAreNamed(String text) throws ConfigException, IOException {
        try (StateDirectory state = StateDirectory.open(folder)) {
            Files.writeString(folder.resolve("spares.toml"), text);
            assertThatThrownBy(state::spares)
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("spares.toml")
                    .hasMessageContaining("spare");
        }
    }

    @Test
    void remembersHowSparesDid() throws ConfigException {
        List<DrillVerdict> drills =
                List.of(
                        new DrillVerdict(
                                Path.of("/s \"1\""),
                                1_795_000_000_000L,
                                "",
                                85,
                                230,
                                1L << 29,
                                false),
                        new DrillVerdict(Path.of("/s1"), 8, "", 1, 2, 3, true),
                        DrillVerdict.failed(Path.of("/s0"), 7, "wrong \"bytes\"\nat offset 5: \\"));
        try (StateDirectory state = StateDirectory.open(folder)) {
            assertThat(state.drills()).isEmpty();
            state.rememberDrills(drills);
            assertThat(state.drills()).isEqualTo(drills);
            state.rememberDrills(List.of());
            assertThat(state.drills()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[[drill]]\n",
                "[[drill]]\npath = '/s'",
                "[[drill]]\npath = 's'\nended-ms = 3",
                "[[drill]]\npath = '/s'\nended-ms = -3",
                "[[drill]]\npath = '/s'\nended-ms = 3\nmedian-us = 'fast'",
                "[[drill]]\npath = '/s'\nended-ms = 3\nmedian = 3",
                "drill = 3"
            })
    void drillsThatMakeNoSenseAreNamed(String text) throws ConfigException, IOException {
        try (StateDirectory state = StateDirectory.open(folder)) {
            Files.writeString(folder.resolve("drills.toml"), text);
            assertThatThrownBy(state::drills)
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("drills.toml")
                    .hasMessageContaining("drill");
        }
    }

    @Test
    void namesADirectoryThatCannotBeMade() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> StateDirectory.open(file.resolve("state")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("state directory " + file.resolve("state"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../../outside", "/outside", "a/b", "..", ".", "", "a\0b", "a\nb"})
    void aNameThatNoVolumeCanHaveLeadsToNoFile(String name) throws ConfigException, IOException {
        Path outside = folder.resolve("outside.toml");
        Files.writeString(outside, "members = ['/m']");
        Path state = folder.resolve("state");
        try (StateDirectory directory = StateDirectory.open(state)) {
            assertThat(directory.isRemembered(name)).isFalse();
            assertThat(directory.volume(name)).isEmpty();
            directory.forget(name);
            assertThatThrownBy(() -> directory.counters(name))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("volume name: expected one without slashes");
            VolumeSettings settings =
                    new VolumeSettings(
                            Optional.of(name),
                            List.of(MemberAddress.parse("/m")),
                            OptionalLong.empty());
            assertThatThrownBy(() -> directory.remember(settings))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(outside).exists();
    }
}
