package io.quoin.daemon.control;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.config.DrillVerdict;
import io.quoin.daemon.config.Settings;
import io.quoin.daemon.control.api.FieldNames;
import io.quoin.daemon.host.HostedVolume;
import io.quoin.daemon.host.SpareDrills;
import io.quoin.daemon.host.SparePool;
import io.quoin.daemon.host.VolumeDrills;
import io.quoin.daemon.observe.EventLog;
import io.quoin.volume.DrillReport;
import io.quoin.volume.Explanation;
import io.quoin.volume.VolumeStatus;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.geometry.Geometry;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/// Status and events as JSON: the fields have the glossary's words as names, in camel case.
final class StatusJson {
    /// Bytes of a member in an info group.
    private static final long GROUP_BYTES = (long) Geometry.ROWS_PER_INFO * Geometry.BLOCK_BYTES;

    private StatusJson() {}

    static JsonObject volume(
            HostedVolume hosted, VolumeStatus status, List<SocketAddress> addresses) {
        JsonObject json = new JsonObject();
        json.put("name", status.name());
        json.put("uuid", status.uuid().toString());
        json.put("state", status.state());
        json.put("guarantee", status.guarantee());
        json.put("redundancyLeft", status.redundancyLeft());
        json.put("level", status.level());
        json.put("dataCount", status.dataCount());
        json.put("parityCount", status.parityCount());
        json.put("groupCount", status.groupCount());
        json.put("sizeBytes", status.sizeBytes());
        json.put("canaryBytes", status.canaryBytes());
        json.put("unitBytes", status.unitBytes());
        json.put("guard", status.guard());
        json.put("configEpoch", status.membership().configEpoch());
        json.put("ownerEpoch", status.ownerEpoch());
        json.put("isRemembered", hosted.isRemembered());
        JsonArray uris = new JsonArray();
        addresses.forEach(address -> uris.add(uri(address, status.name())));
        json.put("uris", uris);
        JsonArray members = new JsonArray();
        status.members().forEach(member -> members.add(member(member, status.jobTotal())));
        json.put("members", members);
        JsonArray jobs = new JsonArray();
        status.jobs().forEach(job -> jobs.add(job(job, status)));
        json.put("jobs", jobs);
        json.put("dirtyBlocks", status.dirtyBlocks());
        json.put("journalBytes", status.journalBytes());
        json.put("bufferFreeBytes", status.bufferFreeBytes());
        json.put("counters", counters(status.counters()));
        return json;
    }

    private static JsonObject member(VolumeStatus.Member member, long total) {
        JsonObject json = new JsonObject();
        json.put("slot", member.slot());
        json.put("uuid", member.uuid().toString());
        json.put("path", member.path());
        json.put("state", member.state());
        json.put("cursor", member.cursor());
        json.put("total", total);
        json.put("mode", member.mode());
        json.put("readErrors", member.readErrors());
        json.put("repairedBlocks", member.repairedBlocks());
        json.put("correctedBlocks", member.correctedBlocks());
        json.put("lostWrites", member.lostWrites());
        json.put("isWorn", member.isWorn());
        if (member.copiedTo() != null) {
            json.put("copiedTo", member.copiedTo());
        }
        json.put("writeMedianMicros", member.writeMedianNanos() / 1000);
        json.put("writeSlowestMicros", member.writeSlowestNanos() / 1000);
        json.put("isSlow", member.isSlow());
        json.put("isLost", member.isLost());
        return json;
    }

    static JsonObject job(JobRecord job, VolumeStatus status) {
        JsonObject json = new JsonObject();
        json.put("id", job.id());
        json.put("kind", job.kindText());
        json.put("state", job.stateText());
        json.put("slot", job.slot());
        json.put("cursor", job.cursor());
        json.put("total", status.jobTotal());
        long pace = status.jobBytesPerSecond();
        if (job.state() == JobRecord.RUNNING && pace > 0) {
            long left = (status.jobTotal() - job.cursor()) / status.groupCount() * GROUP_BYTES;
            json.put("bytesPerSecond", pace);
            json.put("secondsLeft", (left + pace - 1) / pace);
        }
        json.put("startedMillis", job.startedMillis());
        json.put("finishedMillis", job.finishedMillis());
        json.put("checkedBlocks", job.checked());
        json.put("repairedBlocks", job.repaired());
        json.put("lostBlocks", job.lost());
        json.put("suspectRows", job.suspect());
        json.put("reason", job.origin().reason().text());
        if (!job.origin().who().isEmpty()) {
            json.put("who", job.origin().who());
        }
        return json;
    }

    /// {@return a drill of a volume, with each damage that was done}
    static JsonObject drill(VolumeDrills.Drill drill) {
        JsonObject json = drillInShort(drill);
        JsonArray trials = new JsonArray();
        drill.report().trials().forEach(each -> trials.add(trial(each)));
        json.put("trials", trials);
        return json;
    }

    /// {@return a drill of a volume, with the damages that were not dealt with}
    static JsonObject drillInShort(VolumeDrills.Drill drill) {
        DrillReport report = drill.report();
        JsonObject json = new JsonObject();
        json.put("endedMillis", drill.endedMillis());
        json.put(
                "state",
                report.trouble() != null ? "ended early" : report.isOk() ? "ok" : "failed");
        if (report.trouble() != null) {
            json.put("error", report.trouble());
        }
        json.put("trialCount", report.trials().size());
        JsonArray failures = new JsonArray();
        report.failures().forEach(each -> failures.add(trial(each)));
        json.put("failures", failures);
        return json;
    }

    private static JsonObject trial(DrillReport.Trial trial) {
        JsonObject json = new JsonObject();
        json.put("damage", trial.damage().text());
        json.put("slot", trial.slot());
        json.put("member", trial.member());
        json.put("row", trial.row());
        json.put("finding", trial.finding());
        json.put("isAnswerRight", trial.wrongAnswer() == null);
        json.put("isMended", trial.isMended());
        if (!trial.isOk()) {
            json.put("error", trial.shortcoming());
        }
        return json;
    }

    static JsonObject spare(SparePool.Spare spare) {
        JsonObject json = new JsonObject();
        json.put("path", spare.settings().path().toString());
        JsonArray volumes = new JsonArray();
        spare.settings().volumes().forEach(volumes::add);
        json.put("volumes", volumes);
        json.put("sizeBytes", spare.sizeBytes());
        json.put("state", spare.trouble().isEmpty() ? "ready" : "in trouble");
        if (!spare.trouble().isEmpty()) {
            json.put("error", spare.trouble());
        }
        json.put("isBeingDrilled", spare.isBeingDrilled());
        spare.verdict().ifPresent(each -> json.put("drill", verdict(each)));
        return json;
    }

    static JsonObject drill(SpareDrills.Drill drill) {
        JsonObject json = new JsonObject();
        if (drill.verdict().isPresent()) {
            json = verdict(drill.verdict().get());
        } else {
            json.put("state", "stopped");
            json.put("error", "it gave way: a volume needs the spare, or it is being removed");
        }
        json.put("path", drill.path().toString());
        return json;
    }

    private static JsonObject verdict(DrillVerdict verdict) {
        JsonObject json = new JsonObject();
        json.put("state", verdict.isOk() ? "ok" : "failed");
        json.put("endedMillis", verdict.endedMillis());
        if (verdict.isOk()) {
            json.put("medianMicros", verdict.medianMicros());
            json.put("slowestMicros", verdict.slowestMicros());
            json.put("bytesPerSecond", verdict.bytesPerSecond());
            json.put("isReadFromCache", verdict.isCached());
        } else {
            json.put("error", verdict.failure());
        }
        return json;
    }

    /// {@return counters; `read bytes` becomes `readBytes`}
    static JsonObject counters(Map<String, Long> counters) {
        JsonObject json = new JsonObject();
        counters.forEach((label, value) -> json.put(FieldNames.of(label), value));
        return json;
    }

    static JsonObject explanation(Explanation found) {
        JsonObject json = new JsonObject();
        json.put("block", found.block());
        json.put("row", found.row());
        json.put("verdict", found.verdict());
        JsonArray versions = new JsonArray();
        for (Explanation.Version each : found.versions()) {
            JsonObject version = new JsonObject();
            version.put("sequence", each.sequence());
            version.put("kind", each.kind());
            version.put("isCommitted", each.isCommitted());
            version.put("batch", each.batch());
            versions.add(version);
        }
        json.put("versions", versions);
        JsonArray copies = new JsonArray();
        for (Explanation.Copy each : found.copies()) {
            JsonObject copy = new JsonObject();
            copy.put("position", each.position());
            copy.put("role", each.role());
            if (each.block() >= 0) {
                copy.put("block", each.block());
            }
            copy.put("slot", each.slot());
            copy.put("member", each.member());
            copy.put("state", each.state());
            copy.put("offsetBytes", each.offsetBytes());
            copy.put("type", each.type());
            copy.put("generation", each.generation());
            copy.put("found", each.found());
            copies.add(copy);
        }
        json.put("copies", copies);
        return json;
    }

    static JsonObject settings(Settings settings) {
        JsonObject json = new JsonObject();
        json.put("scrubEveryDays", settings.scrubs().everyDays());
        json.put("drillEveryDays", settings.drills().everyDays());
        json.put("spareDrillEveryDays", settings.spareDrills().everyDays());
        json.put("memberErrorBudget", settings.engine().errorBudget());
        json.put("ioLimitMillis", settings.engine().ioLimitNanos() / 1_000_000);
        json.put("journalLateMillis", settings.engine().lateNanos() / 1_000_000);
        json.put("isTcpOpen", settings.isTcpOpen() && !settings.tcp().isEmpty());
        settings.metrics().ifPresent(each -> json.put("metrics", each.toString()));
        return json;
    }

    static JsonObject event(EventLog.Entry entry) {
        JsonObject json = new JsonObject();
        json.put("id", entry.id());
        json.put("millis", entry.millis());
        json.put("volume", entry.volume());
        json.put("level", entry.level());
        json.put("kind", entry.kind());
        json.put("message", entry.message());
        return json;
    }

    /// {@return how an NBD client names an export; source: the NBD URI specification}
    static String uri(SocketAddress address, String export) {
        String path = "/" + encode(export);
        return switch (address) {
            case UnixDomainSocketAddress unix ->
                    "nbd+unix://" + path + "?socket=" + encode(unix.getPath().toString());
            case InetSocketAddress inet -> {
                String host = inet.getAddress().getHostAddress();
                yield "nbd://"
                        + (host.indexOf(':') >= 0 ? "[" + host + "]" : host)
                        + ":"
                        + inet.getPort()
                        + path;
            }
            default -> address + path;
        };
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("+", "%20")
                .replace("%2F", "/");
    }
}
