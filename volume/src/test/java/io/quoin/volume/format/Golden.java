package io.quoin.volume.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

/// Compares a dump with the file that a reviewer has read. `-Dquoin.golden=write` writes the files
/// anew; the difference is then to be judged in review: a changed dump is a changed format.
final class Golden {
    private static final String ZEROS =
            "(00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 # zeros\\n){3,}";

    private Golden() {}

    /// Says how long a long run of padding is, instead of showing it.
    static String withoutPadding(String dump) {
        return Pattern.compile(ZEROS)
                .matcher(dump)
                .replaceAll(run -> "... " + run.group().lines().count() + " x 16 # zeros\n");
    }

    static void check(String name, String dump) throws IOException {
        if ("write".equals(System.getProperty("quoin.golden"))) {
            Files.writeString(Path.of("src/test/resources/golden", name), dump);
            return;
        }
        try (InputStream in = Golden.class.getResourceAsStream("/golden/" + name)) {
            assertThat(in).as("golden/" + name).isNotNull();
            assertThat(dump).isEqualTo(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }
}
