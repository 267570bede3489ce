package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.cli.doctor.Finding;
import io.quoin.cli.doctor.HostChecks;
import io.quoin.cli.doctor.MemberChecks;
import io.quoin.cli.doctor.Places;
import io.quoin.cli.doctor.VolumeChecks;
import io.quoin.daemon.control.api.ControlClient;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `quoin doctor [NAME]`: what weakens the promise, and what to do about it.
@Command(
        name = "doctor",
        description = {
            "Names each setting, disk and state that weakens what volumes promise, what it costs and what to do; changes nothing.",
            "Ends with 1 when there is a danger or a warning. Run it on the host of the daemon, as root: else not all can be seen."
        })
final class DoctorCommand extends QuoinCommand {
    @Mixin private DaemonOption daemon;

    @Parameters(
            arity = "0..1",
            paramLabel = "NAME",
            description = "The volume; the daemon, its host and all that are served without.")
    private String name;

    @Override
    ExitCode run(Output output) throws CommandFailure {
        List<Finding> findings = new ArrayList<>();
        List<JsonObject> volumes = new ArrayList<>();
        if (name != null) {
            volumes.add(daemon.status(name));
        } else {
            JsonObject answer = daemon.ask(ControlClient.request("list"));
            answer.getArray("volumes", new JsonArray())
                    .forEach(each -> volumes.add((JsonObject) each));
            for (Object each : answer.getArray("unserved", new JsonArray())) {
                JsonObject unserved = (JsonObject) each;
                findings.add(
                        new Finding(
                                Finding.Level.DANGER,
                                unserved.getString("name"),
                                "is not served: " + unserved.getString("error"),
                                "quoin check, then quoin open"));
            }
            long pid = daemon.ask(ControlClient.request("ping")).getLong("pid");
            JsonObject settings = daemon.ask(ControlClient.request("settings"));
            findings.addAll(HostChecks.of(pid, settings));
        }
        Places places = new Places();
        for (JsonObject volume : volumes) {
            findings.addAll(VolumeChecks.of(volume, System.currentTimeMillis()));
            findings.addAll(MemberChecks.of(volume, places));
        }
        findings.sort(Comparator.comparing(Finding::level));
        output.print(new Diagnosis(findings));
        boolean isWell = findings.stream().allMatch(each -> each.level() == Finding.Level.NOTE);
        return isWell ? ExitCode.OK : ExitCode.FAILED;
    }

    private record Diagnosis(List<Finding> findings) implements Report {
        @Override
        public JsonObject toJson() {
            JsonArray array = new JsonArray();
            for (Finding each : findings) {
                JsonObject json = new JsonObject();
                json.put("level", each.level().text());
                json.put("where", each.where());
                json.put("what", each.what());
                json.put("fix", each.fix());
                array.add(json);
            }
            JsonObject json = new JsonObject();
            json.put("findings", array);
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            if (findings.isEmpty()) {
                out.println("nothing found that weakens what the volumes promise");
            }
            for (Finding each : findings) {
                out.println(each.level().text() + "  " + each.where() + ": " + each.what());
                out.println("    " + each.fix());
            }
        }
    }
}
