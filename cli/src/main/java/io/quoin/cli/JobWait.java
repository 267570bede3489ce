package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.ControlClient;
import java.util.Optional;

/// Waits for a job with a progress bar, and says how it ended.
final class JobWait {
    private static final long POLL_MILLIS = 200;

    /// Info groups of 32 rows of 4 KiB: what a job goes through on each member.
    private static final long GROUP_BYTES = 32 * 4096;

    private JobWait() {}

    /// Waits until a job is over; while it is paused too.
    ///
    /// @param output for the bar and the end
    /// @param daemon who has the job
    /// @param volume name of the volume
    /// @param job the job
    /// @return OK
    /// @throws CommandFailure when it did not end well: cancelled, failed, blocks lost or rows suspect
    /// @throws InterruptedException when interrupted
    static ExitCode until(Output output, DaemonOption daemon, String volume, JsonObject job)
            throws CommandFailure, InterruptedException {
        String kind = job.getString("kind");
        long id = job.getLong("id");
        long total = Math.max(1, job.getLong("total"));
        JsonObject last = job;
        try (ControlClient client = daemon.connect();
                Progress progress =
                        output.progress(
                                kind + " " + volume, total * GROUP_BYTES, ByteSize::format)) {
            while (isOpen(last)) {
                progress.update(last.getLong("cursor") * GROUP_BYTES);
                Thread.sleep(POLL_MILLIS);
                JsonObject status =
                        DaemonOption.ask(client, DaemonOption.request("status", volume))
                                .getObject("volume");
                Optional<JsonObject> found = find(status, id);
                if (found.isEmpty() && kind.equals("reshape") && !isReshaping(status)) {
                    last = done(last); // a volume keeps no record of a reshape that is over
                    break;
                }
                last = found.orElseThrow(() -> lost(volume, kind, id));
                if (status.getString("state").equals("failed")) {
                    throw CommandFailure.failed(
                            "volume "
                                    + volume
                                    + " failed while "
                                    + kind
                                    + " "
                                    + id
                                    + " was under way; see quoin events");
                }
            }
            progress.update(last.getLong("cursor") * GROUP_BYTES);
        }
        output.print(new JobReport(volume, last));
        if (!last.getString("state").equals("done")
                || last.getLong("lostBlocks") > 0
                || last.getLong("suspectRows") > 0) {
            throw CommandFailure.failed(
                    "volume "
                            + volume
                            + ": "
                            + VolumeReport.describeJob(last)
                            + "; see quoin events");
        }
        return ExitCode.OK;
    }

    private static boolean isReshaping(JsonObject status) {
        return status.getArray("jobs", new JsonArray()).stream()
                .anyMatch(each -> ((JsonObject) each).getString("kind").equals("reshape"));
    }

    private static JsonObject done(JsonObject job) {
        JsonObject done = new JsonObject();
        done.putAll(job);
        done.put("state", "done");
        done.put("cursor", job.getLong("total"));
        return done;
    }

    private static CommandFailure lost(String volume, String kind, long id) {
        return CommandFailure.failed(
                "volume "
                        + volume
                        + ": "
                        + kind
                        + " "
                        + id
                        + " is gone, its end is not known; see quoin events");
    }

    static boolean isOpen(JsonObject job) {
        String state = job.getString("state");
        return state.equals("running") || state.equals("paused");
    }

    private static Optional<JsonObject> find(JsonObject status, long id) {
        return status.getArray("jobs", new JsonArray()).stream()
                .map(each -> (JsonObject) each)
                .filter(each -> each.getLong("id") == id)
                .findFirst();
    }
}
