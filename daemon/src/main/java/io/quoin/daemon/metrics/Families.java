package io.quoin.daemon.metrics;

import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.StateSetSnapshot;
import io.prometheus.metrics.model.snapshots.StateSetSnapshot.StateSetDataPointSnapshot;
import io.quoin.volume.counter.Timings;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Metric families while they are gathered: whoever has a value names its family, which is made when it is first named.
///
/// Labels are names and values in turn. One thread.
final class Families {
    /// A bucket of the exposition is an octave's half wide.
    private static final int JOINED_BUCKETS = 2;

    private static final double NANOS = 1e9;

    private final Map<String, Family> families = new LinkedHashMap<>();

    private interface Family {
        void addTo(MetricSnapshots.Builder all);
    }

    private <T extends Family> T family(String name, Class<T> type, T fresh) {
        return type.cast(families.computeIfAbsent(name, each -> fresh));
    }

    Gauges gauge(String name, String help) {
        return family(name, Gauges.class, new Gauges(name, help));
    }

    Counts counter(String name, String help) {
        return family(name, Counts.class, new Counts(name, help));
    }

    Infos info(String name, String help) {
        return family(name, Infos.class, new Infos(name, help));
    }

    StateSets states(String name, String help) {
        return family(name, StateSets.class, new StateSets(name, help));
    }

    Histograms histogram(String name, String help) {
        return family(name, Histograms.class, new Histograms(name, help));
    }

    MetricSnapshots snapshots() {
        MetricSnapshots.Builder all = MetricSnapshots.builder();
        families.values().forEach(each -> each.addTo(all));
        return all.build();
    }

    /// Values that go up and down.
    static final class Gauges implements Family {
        private final GaugeSnapshot.Builder snapshot;

        private Gauges(String name, String help) {
            snapshot = GaugeSnapshot.builder().name(name).help(help);
        }

        void add(double value, String... labels) {
            snapshot.dataPoint(
                    GaugeDataPointSnapshot.builder()
                            .value(value)
                            .labels(Labels.of(labels))
                            .build());
        }

        @Override
        public void addTo(MetricSnapshots.Builder all) {
            all.metricSnapshot(snapshot.build());
        }
    }

    /// Values that go up.
    static final class Counts implements Family {
        private final CounterSnapshot.Builder snapshot;

        private Counts(String name, String help) {
            snapshot = CounterSnapshot.builder().name(name).help(help);
        }

        void add(double value, String... labels) {
            snapshot.dataPoint(
                    CounterDataPointSnapshot.builder()
                            .value(value)
                            .labels(Labels.of(labels))
                            .build());
        }

        @Override
        public void addTo(MetricSnapshots.Builder all) {
            all.metricSnapshot(snapshot.build());
        }
    }

    /// What does not change.
    static final class Infos implements Family {
        private final InfoSnapshot.Builder snapshot;

        private Infos(String name, String help) {
            snapshot = InfoSnapshot.builder().name(name).help(help);
        }

        void add(String... labels) {
            snapshot.dataPoint(InfoDataPointSnapshot.builder().labels(Labels.of(labels)).build());
        }

        @Override
        public void addTo(MetricSnapshots.Builder all) {
            all.metricSnapshot(snapshot.build());
        }
    }

    /// Which of some states it is.
    static final class StateSets implements Family {
        private final StateSetSnapshot.Builder snapshot;

        private StateSets(String name, String help) {
            snapshot = StateSetSnapshot.builder().name(name).help(help);
        }

        void add(List<String> states, String now, String... labels) {
            StateSetDataPointSnapshot.Builder point =
                    StateSetDataPointSnapshot.builder().labels(Labels.of(labels));
            List<String> all = new ArrayList<>(states);
            if (!all.contains(now)) {
                all.add(now);
            }
            all.forEach(each -> point.state(each, each.equals(now)));
            snapshot.dataPoint(point.build());
        }

        @Override
        public void addTo(MetricSnapshots.Builder all) {
            all.metricSnapshot(snapshot.build());
        }
    }

    /// How long things took.
    static final class Histograms implements Family {
        private final HistogramSnapshot.Builder snapshot;

        private Histograms(String name, String help) {
            snapshot = HistogramSnapshot.builder().name(name).help(help);
        }

        void add(Timings.Histogram of, String... labels) {
            snapshot.dataPoint(
                    HistogramDataPointSnapshot.builder()
                            .classicHistogramBuckets(buckets(of.counts()))
                            .sum(of.sumNanos() / NANOS)
                            .labels(Labels.of(labels))
                            .build());
        }

        private static ClassicHistogramBuckets buckets(long[] counts) {
            List<Double> ends = new ArrayList<>();
            List<Long> joined = new ArrayList<>();
            for (int i = 0; i < counts.length; i += JOINED_BUCKETS) {
                int last = i + JOINED_BUCKETS - 1;
                boolean isLast = last == counts.length - 1;
                ends.add(isLast ? Double.POSITIVE_INFINITY : Timings.endNanos(last) / NANOS);
                joined.add(Arrays.stream(counts, i, last + 1).sum());
            }
            return ClassicHistogramBuckets.of(ends, joined);
        }

        @Override
        public void addTo(MetricSnapshots.Builder all) {
            all.metricSnapshot(snapshot.build());
        }
    }
}
