package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.ControlClient;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `quoin jobs [NAME]`: the last scrub and the last rebuild of each volume.
@Command(
        name = "jobs",
        description = {
            "Lists jobs, what is under way first: the last scrub and the last rebuild of each volume, why it was started and by"
                    + " whom, how far it is, and what it found.",
            "They are kept on the members, and go on where they were after a restart."
        })
final class JobsCommand extends QuoinCommand {
    @Mixin private DaemonOption daemon;

    @Parameters(
            arity = "0..1",
            paramLabel = "NAME",
            description = "The volume; all that are served without.")
    private String name;

    @Override
    ExitCode run(Output output) throws CommandFailure {
        List<JsonObject> volumes = new ArrayList<>();
        if (name != null) {
            volumes.add(daemon.ask(DaemonOption.request("status", name)).getObject("volume"));
        } else {
            JsonObject answer = daemon.ask(ControlClient.request("list"));
            answer.getArray("volumes", new JsonArray())
                    .forEach(each -> volumes.add((JsonObject) each));
        }
        List<JobReport> jobs = new ArrayList<>();
        for (JsonObject volume : volumes) {
            for (Object each : volume.getArray("jobs", new JsonArray())) {
                jobs.add(new JobReport(volume.getString("name"), (JsonObject) each));
            }
        }
        jobs.sort(
                Comparator.comparing((JobReport each) -> !JobWait.isOpen(each.job()))
                        .thenComparing(each -> -each.job().getLong("startedMillis")));
        output.print(new Jobs(jobs));
        return ExitCode.OK;
    }

    private record Jobs(List<JobReport> jobs) implements Report {
        @Override
        public JsonObject toJson() {
            JsonArray array = new JsonArray();
            jobs.forEach(each -> array.add(each.toJson()));
            JsonObject json = new JsonObject();
            json.put("jobs", array);
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            Table table =
                    Table.of(
                            Table.left("volume"),
                            Table.left("job"),
                            Table.left("state"),
                            Table.right("at"),
                            Table.left("started"),
                            Table.left("by"),
                            Table.left("ended"),
                            Table.right("checked"),
                            Table.right("repaired"),
                            Table.right("lost"),
                            Table.right("suspect rows"));
            long now = System.currentTimeMillis();
            for (JobReport each : jobs) {
                JsonObject job = each.job();
                long ended = job.getLong("finishedMillis");
                table.row(
                        each.volume(),
                        each.title(),
                        job.getString("state"),
                        VolumeReport.percent(job.getLong("cursor"), job.getLong("total")),
                        Age.of(job.getLong("startedMillis"), now),
                        job.has("who")
                                ? job.getString("reason") + " " + job.getString("who")
                                : job.getString("reason"),
                        ended == 0 ? null : Age.of(ended, now),
                        job.getLong("checkedBlocks"),
                        job.getLong("repairedBlocks"),
                        job.getLong("lostBlocks"),
                        job.getLong("suspectRows"));
            }
            table.writeTo(out);
        }
    }
}
