package io.quoin.cli;

import com.grack.nanojson.JsonObject;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.sim.Fault;
import io.quoin.volume.sim.Profile;
import io.quoin.volume.sim.SimReport;
import io.quoin.volume.sim.SimSpec;
import io.quoin.volume.sim.Simulator;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `quoin simulate`: the engine in simulated worlds. Needs no daemon and touches no file.
@Command(
        name = "simulate",
        description = {
            "Runs the storage engine on simulated members and clock, from seeds.",
            "Each history is held against a model: what was acknowledged is never lost,",
            "a read is right or, beyond the redundancy, an error. Same seed, same",
            "history. Ends with 1 at the first promise broken, with a command that",
            "replays it, and one for the shortest history found that breaks one."
        })
final class SimulateCommand extends QuoinCommand {
    private static final long SHRINK_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final int SHOWN_EVENTS = 60;

    @Option(names = "--seed", paramLabel = "N", description = "First seed (0).")
    private long seed;

    @Option(names = "--seeds", paramLabel = "N", description = "How many seeds; default: no end.")
    private Long seeds;

    @Option(
            names = "--for",
            paramLabel = "TIME",
            description = "For how long: 90s, 10m, 2h. Without --seeds: 1m.")
    private String duration;

    @Option(
            names = "--profile",
            paramLabel = "NAME",
            split = ",",
            description =
                    "What happens, several with commas; default: all. ${COMPLETION-CANDIDATES}")
    private List<Profile> profiles = List.of(Profile.values());

    @Option(
            names = "--layout",
            paramLabel = "LEVEL/MEMBERS",
            split = ",",
            description = "The volumes; default: raid0/2 to 5+2/7.")
    private List<String> layouts = List.of();

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads; default: one for each processor.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--only",
            paramLabel = "NUMBERS",
            description = "Of the requests and faults of one history only these: 3,8-12; none.")
    private String only;

    @Option(
            names = "--marks",
            description = "Shows where each fault struck: operation, zone, state of the volume.")
    private boolean marks;

    @Option(
            names = "--plant",
            paramLabel = "NAME",
            hidden = true,
            description = "Plants a bug, to see that it is noticed.")
    private Plant plant;

    @Override
    ExitCode run(Output output) throws CommandFailure {
        Plant.set(plant);
        List<SimSpec> specs = Simulator.LAYOUTS;
        if (!layouts.isEmpty()) {
            specs = new ArrayList<>();
            for (String each : layouts) {
                specs.add(layout(each));
            }
        }
        atLeastOne("--threads", threads);
        atLeastOne("--seeds", seeds == null ? 1 : seeds);
        Simulator.Failure failure;
        if (only != null) {
            failure = replay(specs);
        } else {
            boolean isEndless = seeds == null && duration == null;
            long nanos = duration == null ? Long.MAX_VALUE : nanos(duration);
            Simulator.Plan plan =
                    new Simulator.Plan(
                            seed,
                            seeds == null ? Long.MAX_VALUE : seeds,
                            isEndless ? TimeUnit.MINUTES.toNanos(1) : nanos,
                            profiles,
                            specs,
                            threads,
                            marks);
            Simulator.Report report = Simulator.run(plan);
            output.print(new Summary(report, marks));
            failure = report.failure();
        }
        if (failure == null) {
            return ExitCode.OK;
        }
        output.note("a promise was broken; looking for a shorter history, for a minute at most");
        Simulator.Failure shortest =
                only != null ? failure : Simulator.shrink(failure, SHRINK_NANOS);
        output.print(new Broken(failure, shortest));
        throw CommandFailure.failed(failure.message());
    }

    private Simulator.Failure replay(List<SimSpec> specs) throws CommandFailure {
        if (specs.size() != 1 || profiles.size() != 1) {
            throw CommandFailure.usage("--only: expected one --layout and one --profile");
        }
        return Simulator.replay(
                new Simulator.Case(seed, specs.getFirst(), profiles.getFirst(), numbers(only)));
    }

    private static void atLeastOne(String option, long value) throws CommandFailure {
        if (value < 1) {
            throw CommandFailure.usage(option + ": expected 1 or more, was " + value);
        }
    }

    private static SimSpec layout(String text) throws CommandFailure {
        for (SimSpec each : Simulator.LAYOUTS) {
            if (each.toString().equals(text)) {
                return each;
            }
        }
        throw CommandFailure.usage(
                "--layout: expected one of " + Simulator.LAYOUTS + ", was " + text);
    }

    private static long nanos(String text) throws CommandFailure {
        int end = text.length() - 1;
        TimeUnit unit =
                switch (end < 1 ? ' ' : text.charAt(end)) {
                    case 's' -> TimeUnit.SECONDS;
                    case 'm' -> TimeUnit.MINUTES;
                    case 'h' -> TimeUnit.HOURS;
                    default -> null;
                };
        try {
            if (unit != null) {
                return unit.toNanos(Long.parseUnsignedLong(text.substring(0, end)));
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw CommandFailure.usage("--for: expected a time such as 90s, 10m or 2h, was " + text);
    }

    private static BitSet numbers(String text) throws CommandFailure {
        BitSet numbers = new BitSet();
        if (text.equals("none")) {
            return numbers;
        }
        try {
            for (String each : text.split(",")) {
                int dash = each.indexOf('-');
                int from = Integer.parseUnsignedInt(dash < 0 ? each : each.substring(0, dash));
                int to = dash < 0 ? from : Integer.parseUnsignedInt(each.substring(dash + 1));
                numbers.set(from, to + 1);
            }
            return numbers;
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw CommandFailure.usage(
                    "--only: expected numbers such as 3,8-12 or none, was " + text);
        }
    }

    private record Summary(Simulator.Report report, boolean hasMarks) implements Report {
        private double seconds() {
            return report.nanos() / 1e9;
        }

        @Override
        public JsonObject toJson() {
            SimReport tally = report.tally();
            JsonObject json = new JsonObject();
            json.put("runs", tally.runs());
            json.put("operations", tally.operations());
            json.put("seconds", seconds());
            json.put("total", tally.total());
            JsonObject faults = new JsonObject();
            tally.faults().forEach((fault, count) -> faults.put(fault.name(), count));
            json.put("faults", faults);
            if (hasMarks) {
                JsonObject places = new JsonObject();
                tally.marks().forEach(places::put);
                json.put("marks", places);
            }
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            SimReport tally = report.tally();
            tally.byProfile().forEach((profile, line) -> out.println(name(profile) + ": " + line));
            out.println("all: " + tally.total());
            out.printf(
                    Locale.ROOT,
                    "%.1f s, %.0f histories and %.0f member operations a second%n",
                    seconds(),
                    tally.runs() / seconds(),
                    tally.operations() / seconds());
            StringBuilder faults = new StringBuilder("faults:");
            for (Map.Entry<Fault, Long> each : tally.faults().entrySet()) {
                faults.append(' ').append(name(each.getKey())).append(' ').append(each.getValue());
            }
            out.println(faults);
            if (hasMarks) {
                tally.marks().forEach((mark, count) -> out.println("mark " + mark + ": " + count));
            }
        }
    }

    private static String name(Enum<?> each) {
        return each.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private record Broken(Simulator.Failure failure, Simulator.Failure shortest) implements Report {
        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            json.put("broken", failure.message());
            json.put("replay", "quoin simulate " + failure.history().options());
            json.put("events", failure.events());
            json.put("shortest", "quoin simulate " + shortest.history().options());
            json.put("shortestBroken", shortest.message());
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            out.println("broken: " + failure.message());
            out.println("replay: quoin simulate " + failure.history().options());
            out.println("shortest: quoin simulate " + shortest.history().options());
            out.println("it breaks: " + shortest.message());
            int skipped = Math.max(0, shortest.log().size() - SHOWN_EVENTS);
            if (skipped > 0) {
                out.println("  ... " + skipped + " more before");
            }
            shortest.log().stream().skip(skipped).forEach(line -> out.println("  " + line));
            shortest.cause().printStackTrace(out);
        }
    }
}
