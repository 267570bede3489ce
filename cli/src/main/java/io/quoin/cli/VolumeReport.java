package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import java.io.PrintWriter;
import java.util.Locale;

/// A volume's status, as the daemon's JSON says it.
///
/// @param volume the daemon's `volume`
record VolumeReport(JsonObject volume) implements Report {
    @Override
    public JsonObject toJson() {
        return volume;
    }

    @Override
    public void writeText(PrintWriter out) {
        line(out, "volume", volume.getString("name") + " (" + volume.getString("uuid") + ")");
        line(out, "state", volume.getString("state"));
        if (volume.has("error")) {
            line(out, "error", volume.getString("error"));
            return;
        }
        line(out, "guarantee", volume.getString("guarantee"));
        line(out, "level", level());
        line(out, "size", ByteSize.format(volume.getLong("sizeBytes")));
        line(
                out,
                "epochs",
                "config "
                        + volume.getLong("configEpoch")
                        + ", owner "
                        + volume.getLong("ownerEpoch"));
        for (Object uri : volume.getArray("uris", new JsonArray())) {
            line(out, "export", (String) uri);
        }
        line(
                out,
                "journal",
                ByteSize.format(volume.getLong("journalBytes"))
                        + " in use, "
                        + volume.getLong("dirtyBlocks")
                        + " blocks not yet home");
        if (!volume.getBoolean("isRemembered")) {
            line(
                    out,
                    "restart",
                    "not served after a restart of the daemon (quoin open remembers it)");
        }
        if (volume.has("drill")) {
            line(out, "drill", DrillCommand.describe(volume.getObject("drill")));
        }
        for (Object spare : volume.getArray("spares", new JsonArray())) {
            line(out, "spare", SpareCommand.describe((JsonObject) spare));
        }
        for (Object job : volume.getArray("jobs", new JsonArray())) {
            line(out, "job", describeJob((JsonObject) job));
        }
        out.println();
        Table table =
                Table.of(
                        Table.right("slot"),
                        Table.left("state"),
                        Table.right("rebuilt"),
                        Table.right("read errors"),
                        Table.right("repaired"),
                        Table.right("write p99"),
                        Table.left("member"),
                        Table.left("access"));
        for (Object each : volume.getArray("members", new JsonArray())) {
            JsonObject member = (JsonObject) each;
            boolean isRebuilding = "rebuilding".equals(member.getString("state"));
            table.row(
                    member.getInt("slot"),
                    member.getString("state")
                            + (member.getBoolean("isWorn") ? ", worn" : "")
                            + (member.has("copiedTo")
                                    ? ", copied to " + member.getString("copiedTo")
                                    : ""),
                    isRebuilding
                            ? percent(member.getLong("cursor"), member.getLong("total"))
                            : null,
                    member.getLong("readErrors"),
                    member.getLong("repairedBlocks"),
                    slowest(member),
                    member.getString("path"),
                    member.getString("mode"));
        }
        table.writeTo(out);
    }

    private String level() {
        int groups = volume.getInt("groupCount");
        return volume.getString("level")
                + " ("
                + (groups > 1 ? groups + " groups of " : "")
                + volume.getInt("dataCount")
                + "+"
                + volume.getInt("parityCount")
                + "), unit "
                + ByteSize.format(volume.getLong("unitBytes"))
                + ", guard "
                + volume.getString("guard");
    }

    private static void line(PrintWriter out, String what, String value) {
        out.println(String.format(Locale.ROOT, "%-11s%s", what, value));
    }

    static String percent(long done, long total) {
        return total <= 0
                ? "-"
                : String.format(Locale.ROOT, "%.1f %%", Math.floor(done * 1000.0 / total) / 10);
    }

    /// {@return a job in a line: `scrub 3 running, 12.5 %, 40 blocks checked, ...`}
    ///
    /// @param job the daemon's `job`
    static String describeJob(JsonObject job) {
        String state = job.getString("state");
        boolean isOpen = JobWait.isOpen(job);
        return new JobReport("", job).title()
                + " "
                + state
                + (isOpen ? " at " + percent(job.getLong("cursor"), job.getLong("total")) : "")
                + (job.has("secondsLeft") ? pace(job) : "")
                + ": "
                + job.getLong("checkedBlocks")
                + " blocks checked, "
                + job.getLong("repairedBlocks")
                + " repaired, "
                + job.getLong("lostBlocks")
                + " lost, "
                + job.getLong("suspectRows")
                + " rows suspect";
    }

    private static String slowest(JsonObject member) {
        long micros = member.getLong("writeSlowestMicros");
        return micros == 0 ? null : micros + " us" + (member.getBoolean("isSlow") ? ", slow" : "");
    }

    private static String pace(JsonObject job) {
        return ", "
                + ByteSize.format(job.getLong("bytesPerSecond"))
                + "/s, "
                + job.getLong("secondsLeft")
                + " s left";
    }
}
