package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.RememberedVolumes;
import io.quoin.volume.assembly.Examination;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin check MEMBER...`: assembles a volume without writing, and says what a daemon would find.
@Command(
        name = "check",
        description = {
            "Says what a daemon would find in a volume's members; reads only, needs no daemon.",
            "Who is in sync, what the journal holds, whether it could be served. Of a volume in use it",
            "shows a moment."
        })
final class CheckCommand extends QuoinCommand {
    @Parameters(
            arity = "1..*",
            paramLabel = "MEMBER",
            description = "Members, in any order: paths or URIs of NBD exports.")
    private List<MemberAddress> addresses;

    @Option(
            names = "--state",
            paramLabel = "DIRECTORY",
            description = "Where the daemon remembers: the witness of mirrors (/var/lib/quoin).")
    private Path state;

    @Override
    ExitCode run(Output output) throws CommandFailure, IOException, VolumeException {
        List<BlockFile> files = new ArrayList<>();
        try {
            List<Examination.Member> members = new ArrayList<>();
            List<MemberAddress> distinct = new ArrayList<>();
            for (MemberAddress address : addresses) {
                if (distinct.stream().anyMatch(address::isSamePlace)) {
                    throw CommandFailure.failed(address + ": given twice");
                }
                distinct.add(address);
                files.add(address.open(false));
                members.add(Examination.examine(files.getLast()));
            }
            Path directory =
                    state == null
                            ? RememberedVolumes.DEFAULT_STATE_DIRECTORY
                            : Paths.absolute(state);
            Examination.Verdict verdict =
                    Examination.check(files, RememberedVolumes.witness(directory));
            output.print(new Checked(verdict, members));
            if (verdict.refusal().isPresent()) {
                throw CommandFailure.failed(verdict.refusal().get());
            }
            return ExitCode.OK;
        } finally {
            files.forEach(BlockFile::close);
        }
    }

    private record Checked(Examination.Verdict verdict, List<Examination.Member> members)
            implements Report {
        private String state() {
            if (verdict.refusal().isPresent()) {
                return "failed";
            }
            return verdict.redundancyLeft() == verdict.superblock().geometry().leastParity()
                    ? "optimal"
                    : "degraded";
        }

        private String loss() {
            if (verdict.refusal().isPresent()) {
                return "it cannot be served from these members";
            }
            return "nothing that was acknowledged";
        }

        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            json.put("name", verdict.superblock().name());
            json.put("uuid", verdict.superblock().volume().toString());
            json.put("level", ExamineCommand.levelText(verdict.superblock()));
            json.put("state", state());
            json.put("isServable", verdict.refusal().isEmpty());
            json.put("refusal", verdict.refusal().orElse(null));
            json.put("redundancyLeft", verdict.redundancyLeft());
            json.put("wouldLose", loss());
            json.put("isClean", verdict.isClean());
            json.put("journalBatches", verdict.journalBatches());
            json.put("journalBytes", verdict.journalBytes());
            json.put("journalDamagedCopies", verdict.journalDamage());
            JsonArray slots = new JsonArray();
            for (Examination.Slot slot : verdict.slots()) {
                JsonObject each = new JsonObject();
                each.put("slot", slot.slot());
                each.put("uuid", slot.uuid().toString());
                each.put("path", slot.name().orElse(null));
                each.put("state", slot.state());
                slots.add(each);
            }
            json.put("slots", slots);
            JsonArray files = new JsonArray();
            for (Examination.Member member : members) {
                JsonObject each = new JsonObject();
                each.put("path", member.name());
                each.put("isMember", member.superblock().isPresent());
                each.put("damagedCopies", member.damagedCopies());
                each.put("isStale", verdict.stale().contains(member.name()));
                files.add(each);
            }
            json.put("files", files);
            json.put("notes", JsonArray.from(verdict.notes().toArray()));
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            line(
                    out,
                    "volume",
                    verdict.superblock().name()
                            + " ("
                            + verdict.superblock().volume()
                            + "), "
                            + ExamineCommand.levelText(verdict.superblock()));
            line(
                    out,
                    "state",
                    state()
                            + (verdict.refusal().isPresent()
                                    ? ""
                                    : ", may lose " + verdict.redundancyLeft() + " more members"));
            line(
                    out,
                    "journal",
                    verdict.journalBatches()
                            + " batches to replay, "
                            + ByteSize.format(verdict.journalBytes())
                            + (verdict.journalDamage() > 0
                                    ? "; " + verdict.journalDamage() + " damaged copies, left out"
                                    : "")
                            + (verdict.isClean()
                                    ? "; stopped in order"
                                    : "; in use, or not stopped in order"));
            line(out, "would lose", loss());
            verdict.notes().forEach(note -> line(out, "note", note));
            out.println();
            Table table =
                    Table.of(
                            Table.right("slot"),
                            Table.left("state"),
                            Table.left("path"),
                            Table.right("superblock copies"));
            for (Examination.Slot slot : verdict.slots()) {
                table.row(
                        slot.slot(),
                        slot.state(),
                        slot.name().orElse(null),
                        slot.name().map(this::copies).orElse(null));
            }
            for (Examination.Member member : members) {
                boolean isShown =
                        verdict.slots().stream()
                                .anyMatch(slot -> slot.name().equals(Optional.of(member.name())));
                if (!isShown) {
                    table.row(
                            member.superblock().map(each -> each.slot()).orElse(null),
                            member.superblock().isEmpty()
                                    ? "no member"
                                    : verdict.stale().contains(member.name()) ? "stale" : null,
                            member.name(),
                            copies(member.name()));
                }
            }
            table.writeTo(out);
        }

        private String copies(String name) {
            Examination.Member member =
                    members.stream()
                            .filter(each -> each.name().equals(name))
                            .findFirst()
                            .orElseThrow();
            int valid = member.copies().size() - member.damagedCopies();
            return valid + " of " + member.copies().size();
        }

        private static void line(PrintWriter out, String what, String value) {
            out.println(String.format(Locale.ROOT, "%-12s%s", what, value));
        }
    }
}
