package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What monitoring is told, over HTTP and by the command line.
class MetricsIT {
    private static final String OPEN_METRICS =
            "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private static final Path MONITORING = Path.of("../docs/monitoring");

    /// Metrics in expressions; the label of a state has its metric's name, and stands behind a bracket, comma or quote.
    private static final Pattern NAME = Pattern.compile("(?<![\\w{,])quoin_[a-z_]+(?!\\w)");

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

    private record Answer(int code, String type, String body) {}

    private static Answer send(String method, String uri, String accept) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create(uri).toURL().openConnection();
        connection.setRequestMethod(method);
        connection.setRequestProperty("Accept", accept);
        int code = connection.getResponseCode();
        try (InputStream in =
                code < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            String body = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return new Answer(code, connection.getContentType(), body);
        }
    }

    /// {@return values by name and labels, after a look at the form: each family once, with a type and a help, before its values}
    private static Map<String, Double> values(String text) {
        Map<String, Double> values = new LinkedHashMap<>();
        Set<String> types = new HashSet<>();
        String family = null;
        assertThat(text).endsWith("# EOF\n");
        for (String line : text.lines().toList()) {
            String[] words = line.split(" ");
            if (line.startsWith("# TYPE ")) {
                family = words[2];
                assertThat(types.add(family)).as(line).isTrue();
            } else if (!line.startsWith("#")) {
                assertThat(line).startsWith(family);
                int end = line.lastIndexOf(' ');
                String value = line.substring(end + 1);
                assertThat(values.put(line.substring(0, end), Double.valueOf(value)))
                        .as(line)
                        .isNull();
            }
        }
        return values;
    }

    /// Goal: what is asked of monitoring at night is answered by its metrics. Method: write, lose a member, and read them each time; the
    /// command prints the same families.
    @Test
    void saysWhatTheVolumeDoes() throws Exception {
        JsonObject ready = here.serve("--metrics", "127.0.0.1:0").ready();
        String uri = ready.getString("metrics");
        here.done("create", "orders", "--level", "raid5", "--size", "160M", "@m0", "@m1", "@m2");
        here.qemuIo("orders", "write -P 7 0 1M", "write -P 8 1M 4k", "read -P 7 0 1M", "flush");
        Answer answer = send("GET", uri, OPEN_METRICS);
        assertThat(answer.code()).isEqualTo(200);
        assertThat(answer.type()).isEqualTo(OPEN_METRICS);
        Map<String, Double> now = values(answer.body());
        String commits = "quoin_request_seconds_count{kind=\"commit\",volume=\"orders\"}";
        assertThat(now.get(commits)).isGreaterThanOrEqualTo(2);
        String slowest =
                "quoin_request_seconds_bucket{kind=\"commit\",volume=\"orders\",le=\"+Inf\"}";
        assertThat(now.get(slowest)).isEqualTo(now.get(commits));
        for (String stage : new String[] {"intake", "queue", "journal write"}) {
            assertThat(now)
                    .containsKey(
                            "quoin_commit_stage_seconds_sum{stage=\""
                                    + stage
                                    + "\",volume=\"orders\"}");
        }
        assertThat(now)
                .containsEntry("quoin_volume_written_bytes_total{volume=\"orders\"}", 1_052_672.0)
                .containsEntry("quoin_volume_redundancy_left{volume=\"orders\"}", 1.0)
                .containsEntry("quoin_volume_answers{volume=\"orders\"}", 1.0)
                .containsEntry(
                        "quoin_volume_state{volume=\"orders\",quoin_volume_state=\"optimal\"}",
                        1.0);
        Map<String, Double> printed = values(here.done("metrics"));
        assertThat(printed.keySet()).containsAll(now.keySet());

        // So many that it is said how long members take.
        here.qemuIo("orders", Collections.nCopies(300, "write -f 0 4k").toArray(String[]::new));
        for (int i = 0; !here.done("metrics").contains("journal_write_seconds{"); i++) {
            assertThat(i).as("windows of writes end").isLessThan(200);
            Installation.sleep(200);
        }
        here.done("drill", "orders");
        here.done("scrub", "start", "orders", "--wait");
        here.done("create", "other", "--level", "raid0", "--size", "160M", "@x0");
        here.file("spare", 300 << 20);
        here.done("spare", "add", "@spare", "--for", "other");
        Set<String> families = new HashSet<>();
        for (String each : values(here.done("metrics")).keySet()) {
            families.add(each.replaceFirst("\\{.*", ""));
        }
        for (String file : List.of("alerts.yml", "dashboard.json")) {
            String text = Files.readString(MONITORING.resolve(file));
            assertThat(NAME.matcher(text).results().map(MatchResult::group))
                    .as(file)
                    .isNotEmpty()
                    .allMatch(
                            each -> families.contains(each) || families.contains(each + "_count"));
        }

        here.done("member", "fail", "orders", 1, "--yes");
        Map<String, Double> degraded = values(send("GET", uri, OPEN_METRICS).body());
        assertThat(degraded)
                .containsEntry("quoin_volume_redundancy_left{volume=\"orders\"}", 0.0)
                .containsEntry("quoin_volume_redundancy{volume=\"orders\"}", 1.0)
                .containsEntry("quoin_volume_members_failed_total{volume=\"orders\"}", 1.0)
                .containsEntry(
                        "quoin_volume_state{volume=\"orders\",quoin_volume_state=\"degraded\"}",
                        1.0);
        assertThat(send("GET", uri, "text/plain").body()).contains("# TYPE quoin_nbd_connections");
        assertThat(here.done("counters", "orders", "--state", here.state()))
                .contains("p99.99")
                .contains("commit: journal write");
    }

    /// Goal: nothing that is sent to it harms anybody. Method: other paths and methods, noise, clients that say nothing; afterwards metrics
    /// and clients are served as before.
    @Test
    void bearsWhatIsNoRequest() throws Exception {
        String uri = here.serve("--metrics", "127.0.0.1:0").ready().getString("metrics");
        here.done("create", "orders", "--level", "raid1", "--size", "160M", "@m0", "@m1");
        assertThat(send("POST", uri, "*/*").code()).isEqualTo(405);
        assertThat(send("GET", uri.replace("metrics", "x"), "*/*").code()).isEqualTo(404);
        assertThat(send("HEAD", uri, "*/*").body()).isEmpty();
        URI address = URI.create(uri);
        Socket[] silent = new Socket[20];
        try {
            for (int i = 0; i < silent.length; i++) {
                silent[i] = new Socket(address.getHost(), address.getPort());
                String noise = i % 2 == 0 ? "\0\u0001 nonsense \r\n\r\n" : "GET /metr";
                silent[i].getOutputStream().write(noise.getBytes(StandardCharsets.ISO_8859_1));
            }
            here.qemuIo("orders", "write -P 7 0 1M", "read -P 7 0 1M");
            assertThat(send("GET", uri, OPEN_METRICS).body()).endsWith("# EOF\n");
        } finally {
            for (Socket each : silent) {
                if (each != null) {
                    each.close();
                }
            }
        }
    }

    @Test
    void isRefusedWhereItWouldBeOpenToAll() throws Exception {
        Installation.expectRefusal(
                here.quoin("serve", "--metrics", "0.0.0.0:9469", "--state", here.state()),
                2,
                "metrics listen: expected a loopback address, was 0.0.0.0:9469: who reaches it",
                "quoind: ");
        Installation.expectRefusal(
                here.quoin("serve", "--metrics", "127.0.0.1:http"),
                2,
                "--metrics: expected HOST:PORT",
                "quoind: ");
    }
}
