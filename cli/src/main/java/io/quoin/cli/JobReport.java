package io.quoin.cli;

import com.grack.nanojson.JsonObject;
import java.io.PrintWriter;

/// A scrub or rebuild, as the daemon's JSON says it.
///
/// @param volume name of the volume
/// @param job the daemon's `job`
record JobReport(String volume, JsonObject job) implements Report {
    /// {@return what it is: `scrub 3`, `rebuild 4 of slot 1`}
    String title() {
        String kind = job.getString("kind");
        return kind
                + " "
                + job.getLong("id")
                + (kind.equals("rebuild") ? " of slot " + job.getInt("slot") : "");
    }

    @Override
    public JsonObject toJson() {
        JsonObject json = new JsonObject();
        json.put("volume", volume);
        json.putAll(job);
        return json;
    }

    @Override
    public void writeText(PrintWriter out) {
        out.println("volume " + volume + ": " + VolumeReport.describeJob(job));
    }
}
