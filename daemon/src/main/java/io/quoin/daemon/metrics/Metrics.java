package io.quoin.daemon.metrics;

import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.quoin.daemon.host.HostedVolume;
import io.quoin.daemon.host.SparePool;
import io.quoin.daemon.host.VolumeDrills;
import io.quoin.daemon.host.VolumeHost;
import io.quoin.daemon.nbd.NbdServer;
import io.quoin.volume.VolumeStatus;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.Counters.Counter;
import io.quoin.volume.counter.Timings;
import io.quoin.volume.format.JobRecord;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// All metrics of a daemon as they are now. What a volume counts and times is read from its memory, and is there also when its engine does
/// not answer; the rest then is not, and `quoin_volume_answers` says so. docs/operating.md lists them.
///
/// Thread-safe.
public final class Metrics implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Metrics.class.getName());
    private static final long ANSWER_MILLIS = 1_000;
    private static final double NANOS = 1e9;
    private static final double MILLIS = 1e3;
    private static final List<String> VOLUME_STATES =
            List.of(
                    "recovering",
                    "optimal",
                    "degraded",
                    "suspended",
                    "failed",
                    "stopping",
                    "stopped");
    private static final List<String> MEMBER_STATES =
            List.of("in sync", "rebuilding", "faulty", "missing");

    private final VolumeHost host;
    private final NbdServer server;
    private final String version;
    private final ExecutorService askers = Executors.newVirtualThreadPerTaskExecutor();

    /// Metrics of a daemon.
    ///
    /// @param host its volumes
    /// @param server where clients are
    /// @param version Quoin's
    public Metrics(VolumeHost host, NbdServer server, String version) {
        this.host = host;
        this.server = server;
        this.version = version;
    }

    /// A way to write metrics down.
    public enum Format {
        /// OpenMetrics 1.0.
        OPEN_METRICS(OpenMetricsTextFormatWriter.CONTENT_TYPE),
        /// What Prometheus had before.
        PROMETHEUS(PrometheusTextFormatWriter.CONTENT_TYPE);

        private final String contentType;

        Format(String contentType) {
            this.contentType = contentType;
        }

        /// {@return its media type}
        public String contentType() {
            return contentType;
        }

        /// {@return the format that a client wants}
        ///
        /// @param accept its Accept header, or null
        public static Format of(String accept) {
            return accept != null && accept.contains("application/openmetrics-text")
                    ? OPEN_METRICS
                    : PROMETHEUS;
        }
    }

    /// Writes all metrics.
    ///
    /// @param format how
    /// @param out where to
    /// @throws IOException when it cannot be written
    public void write(Format format, OutputStream out) throws IOException {
        MetricSnapshots now = collect();
        switch (format) {
            case OPEN_METRICS -> OpenMetricsTextFormatWriter.create().write(out, now);
            case PROMETHEUS -> PrometheusTextFormatWriter.create().write(out, now);
        }
    }

    /// {@return all metrics as OpenMetrics}
    public String text() {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try {
            write(Format.OPEN_METRICS, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    private MetricSnapshots collect() {
        Families all = new Families();
        all.info("quoin_build", "The daemon.").add("version", version);
        all.gauge("quoin_nbd_connections", "Clients that are connected.")
                .add(server.connectionCount());
        all.gauge(
                        "quoin_volumes_unserved",
                        "Volumes that the daemon remembers and could not serve.")
                .add(host.unserved().size());
        for (HostedVolume hosted : host.volumes()) {
            counted(all, hosted);
            timed(all, hosted);
            Optional<VolumeStatus> status = status(hosted);
            all.gauge("quoin_volume_answers", "Whether its engine answers within a second.")
                    .add(status.isPresent() ? 1 : 0, "volume", hosted.name());
            status.ifPresent(each -> volume(all, each));
            host.drills().last(hosted.name()).ifPresent(each -> drill(all, hosted.name(), each));
        }
        for (SparePool.Spare spare : host.spares().list()) {
            spare(all, spare);
        }
        return all.snapshots();
    }

    private Optional<VolumeStatus> status(HostedVolume hosted) {
        CompletableFuture<VolumeStatus> answer = new CompletableFuture<>();
        askers.execute(() -> {
            try {
                answer.complete(hosted.status());
            } catch (VolumeException | RuntimeException e) {
                answer.completeExceptionally(e);
            }
        });
        try {
            return Optional.of(answer.get(ANSWER_MILLIS, TimeUnit.MILLISECONDS));
        } catch (ExecutionException | TimeoutException e) {
            LOG.log(
                    System.Logger.Level.DEBUG,
                    "volume " + hosted.name() + ": no answer for its metrics",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return Optional.empty();
    }

    private static void counted(Families all, HostedVolume hosted) {
        Counters counters = hosted.counted();
        for (Counter each : Counter.values()) {
            String name = "quoin_volume_" + each.label().replace(' ', '_');
            long value = counters.get(each);
            if (each.isGauge()) {
                all.gauge(name, sentence(each.label())).add(value, "volume", hosted.name());
            } else {
                all.counter(name, sentence(each.label())).add(value, "volume", hosted.name());
            }
        }
    }

    private static String sentence(String label) {
        return Character.toUpperCase(label.charAt(0))
                + label.substring(1)
                + ", since the volume was opened.";
    }

    private static void timed(Families all, HostedVolume hosted) {
        Timings timings = hosted.counted().timings();
        for (Timings.Span span : Timings.Span.values()) {
            boolean isStage = span.label().startsWith("commit: ");
            Families.Histograms family =
                    isStage
                            ? all.histogram(
                                    "quoin_commit_stage_seconds",
                                    "Where the time of a commit goes, one stage after the other.")
                            : all.histogram(
                                    "quoin_request_seconds",
                                    "From a request's arrival to its answer; a commit is a write, trim or zero.");
            String key = isStage ? "stage" : "kind";
            String value = isStage ? span.label().substring("commit: ".length()) : span.label();
            family.add(timings.histogram(span), "volume", hosted.name(), key, value);
        }
    }

    private static void volume(Families all, VolumeStatus now) {
        String[] volume = {"volume", now.name()};
        all.info("quoin_volume", "A volume that is served.")
                .add(
                        "volume",
                        now.name(),
                        "uuid",
                        now.uuid().toString(),
                        "level",
                        now.level(),
                        "guard",
                        now.guard());
        all.states("quoin_volume_state", "How a volume is.")
                .add(VOLUME_STATES, now.state(), volume);
        all.gauge("quoin_volume_size_bytes", "Bytes that clients may address.")
                .add(now.sizeBytes(), volume);
        all.gauge(
                        "quoin_volume_redundancy_left",
                        "Members that may still be lost without losing data.")
                .add(now.redundancyLeft(), volume);
        all.gauge("quoin_volume_redundancy", "The same of a volume that is whole.")
                .add(now.parityCount(), volume);
        all.gauge("quoin_volume_buffer_free_bytes", "Memory of requests that is free.")
                .add(now.bufferFreeBytes(), volume);
        all.gauge("quoin_volume_config_epoch", "Epoch of its membership.")
                .add(now.membership().configEpoch(), volume);
        all.gauge("quoin_volume_owner_epoch", "Epoch of its owner.").add(now.ownerEpoch(), volume);
        now.members().forEach(each -> member(all, now.name(), each));
        now.jobs().forEach(each -> job(all, now, each));
    }

    private static void member(Families all, String volume, VolumeStatus.Member now) {
        String path = now.path() == null ? "" : now.path();
        String[] member = {
            "volume", volume, "slot", Integer.toString(now.slot()), "member", path,
        };
        all.states("quoin_member_state", "How a slot's member is.")
                .add(MEMBER_STATES, now.state(), member);
        all.counter("quoin_member_read_errors", "Reads that failed since it took its slot.")
                .add(now.readErrors(), member);
        all.counter(
                        "quoin_member_repaired_blocks",
                        "Blocks that were not what they should have been, since it took its slot.")
                .add(now.repairedBlocks(), member);
        all.counter(
                        "quoin_member_corrected_blocks",
                        "Of these, those that the Hamming code had back.")
                .add(now.correctedBlocks(), member);
        all.counter(
                        "quoin_member_lost_writes",
                        "Of these, those that were older than their row says.")
                .add(now.lostWrites(), member);
        all.gauge("quoin_member_worn", "Whether it got more wrong than is borne.")
                .add(now.isWorn() ? 1 : 0, member);
        all.gauge("quoin_member_slow", "Whether it is much slower than its peers.")
                .add(now.isSlow() ? 1 : 0, member);
        all.gauge("quoin_member_out_of_reach", "Whether the connection to it has ended.")
                .add(now.isLost() ? 1 : 0, member);
        Families.Gauges waits =
                all.gauge(
                        "quoin_member_journal_write_seconds",
                        "How long its durable writes take lately; nothing when there were none.");
        if (now.writeMedianNanos() > 0) {
            waits.add(now.writeMedianNanos() / NANOS, with(member, "quantile", "0.5"));
            waits.add(now.writeSlowestNanos() / NANOS, with(member, "quantile", "0.99"));
        }
    }

    private static String[] with(String[] labels, String name, String value) {
        String[] more = Arrays.copyOf(labels, labels.length + 2);
        more[labels.length] = name;
        more[labels.length + 1] = value;
        return more;
    }

    private static void job(Families all, VolumeStatus of, JobRecord job) {
        String[] labels = {"volume", of.name(), "kind", job.kindText()};
        boolean isRunning = job.state() == JobRecord.RUNNING;
        double share = of.jobTotal() == 0 ? 1 : (double) job.cursor() / of.jobTotal();
        all.gauge("quoin_job_running", "Whether the last job of its kind is under way.")
                .add(isRunning ? 1 : 0, labels);
        all.gauge("quoin_job_progress_ratio", "How far it is, from 0 to 1.").add(share, labels);
        all.gauge("quoin_job_bytes_per_second", "Bytes of each member that it gets through.")
                .add(isRunning ? of.jobBytesPerSecond() : 0, labels);
        all.gauge("quoin_job_repaired_blocks", "Blocks that it rewrote.")
                .add(job.repaired(), labels);
        all.gauge("quoin_job_lost_blocks", "Blocks that it found lost.").add(job.lost(), labels);
        all.gauge(
                        "quoin_job_finished_timestamp_seconds",
                        "When it ended, by the wall clock; 0: it has not.")
                .add(job.finishedMillis() / MILLIS, with(labels, "state", job.stateText()));
    }

    private static void drill(Families all, String volume, VolumeDrills.Drill last) {
        boolean isOk = last.report().trouble() == null && last.report().isOk();
        all.gauge("quoin_drill_timestamp_seconds", "When a volume was last drilled.")
                .add(last.endedMillis() / MILLIS, "volume", volume);
        all.gauge(
                        "quoin_drill_ok",
                        "Whether everything that drill damaged was noticed and repaired.")
                .add(isOk ? 1 : 0, "volume", volume);
    }

    private static void spare(Families all, SparePool.Spare spare) {
        String[] labels = {"path", spare.settings().path().toString()};
        all.gauge("quoin_spare_ready", "Whether a spare could be taken now.")
                .add(spare.trouble().isEmpty() ? 1 : 0, labels);
        all.gauge("quoin_spare_size_bytes", "How large it is.").add(spare.sizeBytes(), labels);
    }

    @Override
    public void close() {
        askers.shutdownNow();
    }
}
