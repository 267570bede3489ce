package io.quoin.cli.doctor;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What the daemon's status of a volume tells.
public final class VolumeChecks {
    private static final long DAY_MILLIS = 86_400_000L;
    private static final int DRILL_DAYS = 3;
    private static final int SCRUB_DAYS = 14;

    private final JsonObject volume;
    private final String name;
    private final long nowMillis;
    private final List<Finding> findings = new ArrayList<>();

    private VolumeChecks(JsonObject volume, long nowMillis) {
        this.volume = volume;
        this.nowMillis = nowMillis;
        name = volume.getString("name");
    }

    /// {@return what is wrong with a volume}
    ///
    /// @param volume the daemon's `volume`
    /// @param nowMillis wall clock
    public static List<Finding> of(JsonObject volume, long nowMillis) {
        VolumeChecks checks = new VolumeChecks(volume, nowMillis);
        checks.state();
        if (!volume.has("error")) {
            checks.damage();
            checks.members();
            checks.drill();
            checks.scrub();
            checks.spares();
            checks.restart();
        }
        return checks.findings;
    }

    private void state() {
        if (volume.has("error")) {
            findings.add(Finding.danger(name, volume.getString("error"), "quoin status " + name));
            return;
        }
        String state = volume.getString("state");
        if (!state.equals("optimal") && !state.equals("degraded")) {
            findings.add(
                    Finding.danger(name, "is " + state, "quoin status and quoin events " + name));
        }
        int parity = volume.getInt("parityCount");
        int left = volume.getInt("redundancyLeft");
        if (parity == 0) {
            findings.add(
                    Finding.danger(
                            name,
                            "has no redundancy ("
                                    + volume.getString("level")
                                    + "): any lost member loses orders",
                            "keep a journal on raid1, raid5, raid6 or k+m"));
        } else if (left < parity) {
            findings.add(
                    new Finding(
                            left == 0 ? Finding.Level.DANGER : Finding.Level.WARNING,
                            name,
                            "bears " + left + " lost members now, and " + parity + " when whole",
                            "quoin member replace " + name + " SLOT NEW, or quoin spare add"));
        }
    }

    private void damage() {
        JsonObject counters = volume.getObject("counters", new JsonObject());
        if (counters.getLong("blocksLost") > 0) {
            findings.add(
                    Finding.danger(
                            name,
                            "found "
                                    + counters.getLong("blocksLost")
                                    + " blocks that cannot be read any more",
                            "quoin events " + name + ", quoin explain " + name + " BLOCK"));
        }
        if (counters.getLong("rowsSuspect") > 0) {
            findings.add(
                    Finding.danger(
                            name,
                            "has rows whose members disagree, and none can be convicted",
                            "quoin events " + name));
        }
        if (volume.getString("guard").equals("crc16")) {
            findings.add(
                    Finding.note(
                            name,
                            "guards blocks by CRC16 alone: random damage of a sector passes once in"
                                    + " 65,536",
                            "new volumes: --guard crc32c or xxh3"));
        }
    }

    private void members() {
        for (Object each : volume.getArray("members", new JsonArray())) {
            JsonObject member = (JsonObject) each;
            String slot = member.get("slot").toString();
            String where = name + ", slot " + slot;
            if (member.getBoolean("isWorn")) {
                findings.add(
                        Finding.warning(
                                where,
                                member.getString("path") + " got more wrong than is borne",
                                "quoin member replace " + name + " " + slot + " NEW"));
            }
            if (member.getBoolean("isSlow")) {
                findings.add(
                        Finding.warning(
                                where,
                                member.getString("path") + " is much slower than its peers",
                                "look at the disk; quoin member replace "
                                        + name
                                        + " "
                                        + slot
                                        + " NEW"));
            }
        }
    }

    private void drill() {
        if (volume.getLong("canaryBytes") == 0) {
            findings.add(
                    Finding.note(
                            name,
                            "has no canary rows: whether damage is noticed is never tried out",
                            "volumes that are not very small have them when they are created"));
            return;
        }
        if (!volume.has("drill")) {
            findings.add(
                    Finding.warning(
                            name,
                            "was not drilled since the daemon's state began",
                            "quoin drill " + name));
            return;
        }
        JsonObject drill = volume.getObject("drill");
        if (drill.getString("state").equals("failed")) {
            findings.add(
                    Finding.danger(
                            name,
                            "damage done on purpose was not noticed or not repaired by its last drill",
                            "quoin drill " + name));
        } else if (nowMillis - drill.getLong("endedMillis") > DRILL_DAYS * DAY_MILLIS) {
            findings.add(
                    Finding.warning(
                            name,
                            "was not drilled for " + days(drill.getLong("endedMillis")) + " days",
                            "[drill] every-days; quoin drill " + name));
        }
    }

    private void scrub() {
        Optional<JsonObject> scrub =
                volume.getArray("jobs", new JsonArray()).stream()
                        .map(each -> (JsonObject) each)
                        .filter(each -> each.getString("kind").equals("scrub"))
                        .findFirst();
        long done =
                scrub.filter(each -> each.getString("state").equals("done"))
                        .map(each -> each.getLong("finishedMillis"))
                        .orElse(0L);
        boolean isUnderWay =
                scrub.map(each -> each.getString("state").equals("running")).orElse(false);
        if (isUnderWay || done > 0 && nowMillis - done <= SCRUB_DAYS * DAY_MILLIS) {
            return;
        }
        findings.add(
                Finding.warning(
                        name,
                        done == 0
                                ? "its last scrub did not end, or there was none: what rots is found when"
                                        + " it is needed"
                                : "was not scrubbed for " + days(done) + " days",
                        "[scrub] every-days; quoin scrub start " + name));
    }

    private void spares() {
        boolean hasRedundancy = volume.getInt("parityCount") > 0;
        JsonArray spares = volume.getArray("spares", new JsonArray());
        if (spares.isEmpty() && hasRedundancy) {
            findings.add(
                    Finding.note(
                            name,
                            "has no spare: it is degraded until somebody replaces a lost member",
                            "quoin spare add PATH"));
        }
        for (Object each : spares) {
            JsonObject spare = (JsonObject) each;
            String path = spare.getString("path");
            if (spare.has("error")) {
                findings.add(
                        Finding.warning(
                                name,
                                "spare " + path + ": " + spare.getString("error"),
                                "quoin spare list"));
            } else if (!spare.has("drill")) {
                findings.add(
                        Finding.warning(
                                name,
                                "spare " + path + " was never tried out",
                                "quoin spare drill " + path));
            }
        }
    }

    private void restart() {
        if (!volume.getBoolean("isRemembered")) {
            findings.add(
                    Finding.warning(
                            name,
                            "is not served after a restart of the daemon",
                            "quoin open remembers it"));
        }
    }

    private long days(long sinceMillis) {
        return (nowMillis - sinceMillis) / DAY_MILLIS;
    }
}
