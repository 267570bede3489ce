package io.quoin.daemon.control;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.config.Settings;
import io.quoin.daemon.config.SpareSettings;
import io.quoin.daemon.config.VolumeSettings;
import io.quoin.daemon.host.HostedVolume;
import io.quoin.daemon.host.ReshapeWish;
import io.quoin.daemon.host.VolumeHost;
import io.quoin.daemon.metrics.Metrics;
import io.quoin.daemon.nbd.NbdServer;
import io.quoin.daemon.observe.EventLog;
import io.quoin.volume.Explanation;
import io.quoin.volume.GrowthPlan;
import io.quoin.volume.Volume;
import io.quoin.volume.VolumeStatus;
import io.quoin.volume.assembly.Creation;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.remote.MemberAddress;
import io.quoin.volume.repair.GovernorLimits;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/// What can be asked of the daemon: from a request to its answer. Thread-safe.
///
/// | command | fields | answer |
/// |---|---|---|
/// | `ping`, `version` | | `version`, `pid`, `protocol` |
/// | `list` | | `volumes`, `unserved` |
/// | `status` | `volume` | `volume` |
/// | `create` | `name`, `level`, `members`, `sizeBytes`, `copies`, `unitBytes`, `guard`, `force` | `volume` |
/// | `open` | `members` or `volume`, `bufferBytes` | `volume` |
/// | `close` | `volume`, `forget` | `isClean` |
/// | `member.fail` | `volume`, `slot`, `reason` | `volume` |
/// | `member.replace` | `volume`, `slot`, `path`, `force`, `make` | `job`, `volume` |
/// | `grow` | `volume`, `memberBytes`, `dryRun` | `formerBytes`, `sizeBytes`, `memberBytes` |
/// | `reshape.start` | `volume`, `level`, `unitBytes`, `add`, `remove`, `force`, `make`, `dryRun` | `formerShape`, `shape`, `sizeBytes`, `job` |
/// | `reshape.back` | `volume` | `job` |
/// | `reshape.pause`, `reshape.resume`, `reshape.status` | `volume` | as of scrubs |
/// | `scrub.start` | `volume` | `job` |
/// | `scrub.pause`, `scrub.resume`, `scrub.cancel` | `volume` | `job` |
/// | `scrub.status`, `rebuild.status` | `volume` | `jobs`, `total` |
/// | `rebuild.pause`, `rebuild.resume`, `rebuild.cancel` | `volume` | `job` |
/// | `spare.add` | `path`, `volumes`, `force` | `spares` |
/// | `spare.remove` | `path` | `spares` |
/// | `spare.list` | | `spares` |
/// | `spare.drill` | `path` | `drills` |
/// | `drill` | `volume` | `drill` |
/// | `job.rate` | `volume`, `bytesPerSecond` | |
/// | `metrics` | | `text`: OpenMetrics |
/// | `settings` | | what the daemon was told that bears on safety |
/// | `events` | `count`, `volume`, `after` | `events` |
public final class Commands {
    private static final int PROTOCOL = 1;
    private static final int MOST_EVENTS = 1024;

    private final VolumeHost host;
    private final NbdServer server;
    private final EventLog events;
    private final Metrics metrics;
    private final Settings settings;
    private final String version;

    /// Commands on a daemon.
    ///
    /// @param host its volumes
    /// @param server where clients are
    /// @param events what happened
    /// @param metrics what is counted and timed
    /// @param settings what it was told
    /// @param version Quoin's
    public Commands(
            VolumeHost host,
            NbdServer server,
            EventLog events,
            Metrics metrics,
            Settings settings,
            String version) {
        this.host = host;
        this.server = server;
        this.events = events;
        this.metrics = metrics;
        this.settings = settings;
        this.version = version;
    }

    /// {@return the answer to a request}
    ///
    /// @param request the request
    /// @param who the user who asks, empty when that is not known
    JsonObject answer(JsonObject request, String who) {
        JsonObject answer = new JsonObject();
        try {
            Fields fields = new Fields(request);
            answer.put("ok", true);
            run(fields, JobOrigin.operator(who), answer);
        } catch (Refusal | VolumeException | IllegalArgumentException e) {
            return failure(e.getMessage());
        } catch (UnsupportedOperationException e) {
            return failure("not there yet: " + e.getMessage());
        }
        return answer;
    }

    /// {@return the answer that says no}
    ///
    /// @param message why
    static JsonObject failure(String message) {
        JsonObject answer = new JsonObject();
        answer.put("ok", false);
        answer.put("error", message == null ? "refused without a reason" : message);
        return answer;
    }

    private void run(Fields fields, JobOrigin origin, JsonObject answer)
            throws Refusal, VolumeException {
        switch (fields.command()) {
            case "ping", "version" -> {
                fields.end();
                answer.put("version", version);
                answer.put("pid", ProcessHandle.current().pid());
                answer.put("protocol", PROTOCOL);
            }
            case "settings" -> {
                fields.end();
                answer.putAll(StatusJson.settings(settings));
            }
            case "metrics" -> {
                fields.end();
                answer.put("text", metrics.text());
            }
            case "list" -> {
                fields.end();
                list(answer);
            }
            case "status" -> {
                HostedVolume hosted = volume(fields);
                fields.end();
                answer.put("volume", status(hosted));
            }
            case "create" -> create(fields, answer);
            case "open" -> open(fields, answer);
            case "close" -> {
                String name = fields.requiredText("volume");
                boolean forget = fields.flag("forget");
                fields.end();
                answer.put("isClean", host.close(name, forget));
            }
            case "member.fail" -> failMember(fields, answer);
            case "member.replace" -> replaceMember(fields, origin, answer);
            case "member.return" -> returnMember(fields, origin, answer);
            case "grow" -> grow(fields, answer);
            case "reshape.start" -> reshape(fields, origin, answer);
            case "reshape.back" -> {
                HostedVolume hosted = volume(fields);
                fields.end();
                hosted.volume().turnBack(origin);
                answer.put("job", openReshape(hosted));
            }
            case "reshape.pause" ->
                    change(fields, answer, JobRecord.RESHAPE, Volume.JobChange.PAUSE);
            case "reshape.resume" ->
                    change(fields, answer, JobRecord.RESHAPE, Volume.JobChange.RESUME);
            case "reshape.status" -> jobs(fields, answer, JobRecord.RESHAPE);
            case "scrub.start" -> {
                HostedVolume hosted = volume(fields);
                fields.end();
                long job = hosted.volume().startScrub(origin);
                answer.put("job", job(hosted, job));
            }
            case "scrub.pause" -> change(fields, answer, JobRecord.SCRUB, Volume.JobChange.PAUSE);
            case "scrub.resume" -> change(fields, answer, JobRecord.SCRUB, Volume.JobChange.RESUME);
            case "scrub.cancel" -> change(fields, answer, JobRecord.SCRUB, Volume.JobChange.CANCEL);
            case "rebuild.pause" ->
                    change(fields, answer, JobRecord.REBUILD, Volume.JobChange.PAUSE);
            case "rebuild.resume" ->
                    change(fields, answer, JobRecord.REBUILD, Volume.JobChange.RESUME);
            case "rebuild.cancel" ->
                    change(fields, answer, JobRecord.REBUILD, Volume.JobChange.CANCEL);
            case "scrub.status" -> jobs(fields, answer, JobRecord.SCRUB);
            case "rebuild.status" -> jobs(fields, answer, JobRecord.REBUILD);
            case "job.rate" -> rate(fields, answer);
            case "spare.add" -> {
                Path path = fields.requiredPath("path");
                List<String> volumes = fields.texts("volumes");
                boolean force = fields.flag("force");
                fields.end();
                host.spares().add(new SpareSettings(path, volumes), force);
                answer.put("spares", spares());
            }
            case "spare.remove" -> {
                Path path = fields.requiredPath("path");
                fields.end();
                host.spares().remove(path);
                answer.put("spares", spares());
            }
            case "spare.list" -> {
                fields.end();
                answer.put("spares", spares());
            }
            case "spare.drill" -> {
                Optional<Path> path = fields.path("path");
                fields.end();
                JsonArray drills = new JsonArray();
                host.spares()
                        .drills()
                        .drill(path)
                        .forEach(each -> drills.add(StatusJson.drill(each)));
                answer.put("drills", drills);
            }
            case "drill" -> {
                HostedVolume hosted = volume(fields);
                fields.end();
                answer.put("drill", StatusJson.drill(host.drills().drill(hosted.name())));
            }
            case "explain" -> explain(fields, answer);
            case "events" -> events(fields, answer);
            default ->
                    throw new Refusal(
                            "command: expected one of ping, list, status, create, open, close,"
                                    + " member.fail, member.replace, member.return, scrub.start, ..., was \""
                                    + fields.command()
                                    + "\"");
        }
    }

    private HostedVolume volume(Fields fields) throws Refusal, VolumeException {
        return host.volume(fields.requiredText("volume"));
    }

    private JsonObject status(HostedVolume hosted) throws VolumeException {
        JsonObject json =
                StatusJson.volume(hosted, hosted.volume().status(), server.listenAddresses());
        JsonArray spares = new JsonArray();
        host.spares().list().stream()
                .filter(each -> each.settings().isFor(hosted.name()))
                .forEach(each -> spares.add(StatusJson.spare(each)));
        json.put("spares", spares);
        host.drills()
                .last(hosted.name())
                .ifPresent(each -> json.put("drill", StatusJson.drillInShort(each)));
        return json;
    }

    private JsonArray spares() {
        JsonArray spares = new JsonArray();
        host.spares().list().forEach(each -> spares.add(StatusJson.spare(each)));
        return spares;
    }

    private void list(JsonObject answer) {
        JsonArray volumes = new JsonArray();
        for (HostedVolume hosted : host.volumes()) {
            try {
                volumes.add(status(hosted));
            } catch (VolumeException e) {
                JsonObject silent = new JsonObject();
                silent.put("name", hosted.name());
                silent.put("state", "failed");
                silent.put("error", e.getMessage());
                volumes.add(silent);
            }
        }
        answer.put("volumes", volumes);
        JsonArray unserved = new JsonArray();
        host.unserved()
                .forEach((name, reason) -> {
                    JsonObject each = new JsonObject();
                    each.put("name", name);
                    each.put("error", reason);
                    unserved.add(each);
                });
        answer.put("unserved", unserved);
    }

    private void create(Fields fields, JsonObject answer) throws Refusal, VolumeException {
        String name = fields.requiredText("name");
        String level = fields.requiredText("level");
        List<MemberAddress> members = fields.addresses("members");
        long sizeBytes = fields.number("sizeBytes", 0, Long.MAX_VALUE).orElse(0);
        int copies = (int) fields.number("copies", 0, 32).orElse(0);
        int unitBytes = (int) fields.number("unitBytes", 4096, 1 << 20).orElse(Creation.UNIT_BYTES);
        Guard guard = Guard.parse(fields.text("guard").orElse(Guard.CRC32C.text()));
        boolean force = fields.flag("force");
        fields.end();
        HostedVolume hosted =
                host.create(
                        new Creation.Wish(name, level, copies, unitBytes, guard, 0),
                        members,
                        sizeBytes,
                        force);
        answer.put("volume", status(hosted));
    }

    private void open(Fields fields, JsonObject answer) throws Refusal, VolumeException {
        Optional<String> name = fields.text("volume");
        List<MemberAddress> members = fields.addresses("members");
        OptionalLong buffer = fields.number("bufferBytes", 4 << 20, 1 << 30);
        fields.end();
        if (members.isEmpty() && name.isEmpty()) {
            throw new Refusal("open: expected members or volume, was neither");
        }
        HostedVolume hosted =
                members.isEmpty()
                        ? host.openRemembered(name.get())
                        : host.openAndRemember(new VolumeSettings(name, members, buffer));
        answer.put("volume", status(hosted));
    }

    private void failMember(Fields fields, JsonObject answer) throws Refusal, VolumeException {
        HostedVolume hosted = volume(fields);
        int slot = (int) fields.requiredNumber("slot", 0, 31);
        String reason = fields.text("reason").orElse("operator");
        fields.end();
        hosted.volume().failMember(slot, reason);
        answer.put("volume", status(hosted));
    }

    private void replaceMember(Fields fields, JobOrigin origin, JsonObject answer)
            throws Refusal, VolumeException {
        HostedVolume hosted = volume(fields);
        int slot = (int) fields.requiredNumber("slot", 0, 31);
        MemberAddress path = fields.requiredAddress("path");
        boolean force = fields.flag("force");
        boolean make = fields.flag("make");
        fields.end();
        long job = host.replaceMember(hosted.name(), slot, path, force, make, origin);
        answer.put("job", job(hosted, job));
        answer.put("volume", status(hosted));
    }

    private void returnMember(Fields fields, JobOrigin origin, JsonObject answer)
            throws Refusal, VolumeException {
        HostedVolume hosted = volume(fields);
        int slot = (int) fields.requiredNumber("slot", 0, 31);
        Optional<MemberAddress> path = fields.address("path");
        fields.end();
        long job = host.returnMember(hosted.name(), slot, path, origin);
        answer.put("job", job(hosted, job));
        answer.put("volume", status(hosted));
    }

    private void grow(Fields fields, JsonObject answer) throws Refusal, VolumeException {
        HostedVolume hosted = volume(fields);
        long fileBytes = fields.number("memberBytes", 0, Long.MAX_VALUE).orElse(0);
        boolean isDry = fields.flag("dryRun");
        fields.end();
        answer.put("formerBytes", hosted.volume().sizeBytes());
        GrowthPlan plan =
                isDry ? hosted.volume().planGrowth(fileBytes) : host.grow(hosted.name(), fileBytes);
        answer.put("sizeBytes", plan.sizeBytes(hosted.volume().geometry()));
        answer.put("memberBytes", plan.larger().memberBytes());
    }

    private void reshape(Fields fields, JobOrigin origin, JsonObject answer)
            throws Refusal, VolumeException {
        HostedVolume hosted = volume(fields);
        String level = fields.requiredText("level");
        int unitBytes = (int) fields.number("unitBytes", 4096, 1 << 20).orElse(0);
        List<MemberAddress> joining = fields.addresses("add");
        int leaving = (int) fields.number("remove", 0, 31).orElse(0);
        boolean force = fields.flag("force");
        boolean make = fields.flag("make");
        boolean isDry = fields.flag("dryRun");
        fields.end();
        if (leaving > 0 && !joining.isEmpty()) {
            throw new Refusal("reshape.start: expected add or remove, was both");
        }
        Geometry shape = hosted.volume().planReshape(level, joining.size() - leaving, unitBytes);
        answer.put("formerShape", hosted.volume().geometry().toString());
        answer.put("shape", shape.toString());
        answer.put("formerBytes", hosted.volume().sizeBytes());
        answer.put("sizeBytes", shape.volumeBlocks() * Geometry.BLOCK_BYTES);
        if (!isDry) {
            host.reshape(
                    hosted.name(),
                    new ReshapeWish(level, unitBytes, joining, leaving, force, make),
                    origin);
            JsonObject job = openReshape(hosted);
            if (job != null) { // a small one may be over
                answer.put("job", job);
            }
        }
    }

    private static JsonObject openReshape(HostedVolume hosted) throws VolumeException {
        VolumeStatus status = hosted.volume().status();
        for (JobRecord job : status.jobs()) {
            if (job.kind() == JobRecord.RESHAPE) {
                return StatusJson.job(job, status);
            }
        }
        return null;
    }

    private void rate(Fields fields, JsonObject answer) throws Refusal, VolumeException {
        HostedVolume hosted = volume(fields);
        OptionalLong most = fields.number("bytesPerSecond", 0, Long.MAX_VALUE);
        OptionalLong floor = fields.number("floorBytesPerSecond", 1, Long.MAX_VALUE);
        OptionalLong latency = fields.number("latencyPercent", 101, 100_000);
        fields.end();
        GovernorLimits was = hosted.volume().jobLimits();
        GovernorLimits now =
                new GovernorLimits(
                        (int) latency.orElse(was.latencyPercent()),
                        floor.orElse(was.floorBytes()),
                        most.orElse(was.ceilingBytes()));
        hosted.volume().setJobLimits(now);
        answer.put("bytesPerSecond", now.ceilingBytes());
        answer.put("floorBytesPerSecond", now.floorBytes());
        answer.put("latencyPercent", now.latencyPercent());
    }

    private static JsonObject job(HostedVolume hosted, long id) throws VolumeException {
        VolumeStatus status = hosted.volume().status();
        for (JobRecord job : status.jobs()) {
            if (job.id() == id) {
                return StatusJson.job(job, status);
            }
        }
        throw new VolumeException("volume " + hosted.name() + ": job " + id + " is gone already");
    }

    private void change(Fields fields, JsonObject answer, int kind, Volume.JobChange change)
            throws Refusal, VolumeException {
        HostedVolume hosted = volume(fields);
        fields.end();
        for (JobRecord job : hosted.volume().status().jobs()) {
            if (job.kind() == kind && job.isOpen()) {
                hosted.volume().changeJob(job.id(), change);
                answer.put("job", job(hosted, job.id()));
                return;
            }
        }
        throw new Refusal(
                "volume "
                        + hosted.name()
                        + ": expected a "
                        + JobRecord.kindText(kind)
                        + " under way, found none");
    }

    private void jobs(Fields fields, JsonObject answer, int kind) throws Refusal, VolumeException {
        HostedVolume hosted = volume(fields);
        fields.end();
        VolumeStatus status = hosted.volume().status();
        JsonArray jobs = new JsonArray();
        for (JobRecord job : status.jobs()) {
            if (job.kind() == kind) {
                jobs.add(StatusJson.job(job, status));
            }
        }
        answer.put("name", hosted.name());
        answer.put("jobs", jobs);
        answer.put("total", status.jobTotal());
    }

    private void explain(Fields fields, JsonObject answer) throws Refusal, VolumeException {
        HostedVolume hosted = volume(fields);
        long block = fields.requiredNumber("block", 0, Long.MAX_VALUE);
        fields.end();
        Explanation found = hosted.volume().explain(block);
        answer.put("explanation", StatusJson.explanation(found));
        Pattern about = Pattern.compile("\\b(block " + block + "|row " + found.row() + ")\\b");
        JsonArray past = new JsonArray();
        events.last(MOST_EVENTS, Optional.of(hosted.name()), 0).stream()
                .filter(entry -> about.matcher(entry.message()).find())
                .forEach(entry -> past.add(StatusJson.event(entry)));
        answer.put("events", past);
    }

    private void events(Fields fields, JsonObject answer) throws Refusal {
        int count = (int) fields.number("count", 1, MOST_EVENTS).orElse(20);
        Optional<String> volume = fields.text("volume");
        long after = fields.number("after", 0, Long.MAX_VALUE).orElse(0);
        fields.end();
        JsonArray found = new JsonArray();
        events.last(count, volume, after).forEach(entry -> found.add(StatusJson.event(entry)));
        answer.put("events", found);
    }
}
