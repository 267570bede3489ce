package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// A command on jobs of one volume, or of all with `--all`.
abstract class JobCommand extends QuoinCommand {
    @Mixin private DaemonOption daemon;

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "The volume.")
    private String name;

    @Option(names = "--all", description = "All volumes of the daemon.")
    private boolean isAll;

    DaemonOption daemon() {
        return daemon;
    }

    /// {@return the volumes that are meant}
    ///
    /// @throws CommandFailure when it is neither one nor all
    List<String> volumes() throws CommandFailure {
        if (isAll == (name != null)) {
            throw CommandFailure.usage(
                    isAll
                            ? "--all and " + name + ": expected one of them"
                            : "expected NAME or --all");
        }
        if (!isAll) {
            return List.of(name);
        }
        return daemon.volumeNames();
    }

    /// {@return the job of a kind that is under way}
    Optional<JsonObject> openJob(String kind, String volume) throws CommandFailure {
        for (JsonObject job : jobs(kind, volume)) {
            if (JobWait.isOpen(job)) {
                return Optional.of(job);
            }
        }
        return Optional.empty();
    }

    /// {@return the jobs of a kind that are remembered, newest first}
    List<JsonObject> jobs(String kind, String volume) throws CommandFailure {
        JsonObject answer = daemon.ask(DaemonOption.request(kind + ".status", volume));
        return answer.getArray("jobs", new JsonArray()).stream()
                .map(each -> (JsonObject) each)
                .toList();
    }

    /// Prints the jobs of the volumes that are meant; waits for those under way, if asked.
    ExitCode show(Output output, String kind, boolean isWaiting) throws Exception {
        for (String volume : volumes()) {
            Optional<JsonObject> open = openJob(kind, volume);
            if (isWaiting && open.isPresent()) {
                JobWait.until(output, daemon, volume, open.get());
                continue;
            }
            List<JsonObject> jobs = jobs(kind, volume);
            for (JsonObject job : jobs) {
                output.print(new JobReport(volume, job));
            }
            if (jobs.isEmpty()) {
                output.note("volume " + volume + ": no " + kind + " yet");
            }
        }
        return ExitCode.OK;
    }

    /// Pauses, resumes or cancels the jobs of the volumes that are meant; with `--all`, where there is one.
    ExitCode change(Output output, String kind, String verb) throws CommandFailure {
        for (String volume : volumes()) {
            if (isAll && openJob(kind, volume).isEmpty()) {
                continue;
            }
            JsonObject answer = daemon.ask(DaemonOption.request(kind + "." + verb, volume));
            output.print(new JobReport(volume, answer.getObject("job")));
        }
        return ExitCode.OK;
    }
}
