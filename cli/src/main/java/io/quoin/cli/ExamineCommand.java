package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.volume.assembly.Examination;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.geometry.Level;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin examine PATH...`: what a file or device is, from its superblock. Reads only, needs no daemon.
@Command(
        name = "examine",
        description = "Says what a member is, from its superblock; reads only, needs no daemon.")
final class ExamineCommand extends QuoinCommand {
    @Parameters(arity = "1..*", paramLabel = "PATH", description = "Files or block devices.")
    private List<MemberAddress> addresses;

    @Option(
            names = "--dump",
            description = "Adds the superblock's bytes, with a word on each field.")
    private boolean isDumped;

    @Override
    ExitCode run(Output output) throws CommandFailure, IOException {
        String trouble = null;
        boolean isFirst = true;
        for (MemberAddress address : addresses) {
            try (BlockFile file = address.open(false)) {
                Examination.Member member = Examination.examine(file);
                if (!isFirst) {
                    output.separate();
                }
                isFirst = false;
                output.print(new Examined(member, isDumped));
                if (member.superblock().isEmpty()) {
                    trouble =
                            address
                                    + ": expected a superblock at 4096, 65536, or 65536 and 4096 before the"
                                    + " end, found none: no member, or all four copies are damaged";
                } else if (!member.isWhole()) {
                    trouble =
                            address
                                    + ": expected at least "
                                    + member.superblock().get().layout().memberBytes()
                                    + " bytes, was "
                                    + member.lengthBytes()
                                    + ": truncated";
                }
            }
        }
        if (trouble != null) {
            throw CommandFailure.failed(trouble);
        }
        return ExitCode.OK;
    }

    private record Examined(Examination.Member member, boolean isDumped) implements Report {
        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            json.put("path", member.name());
            json.put("lengthBytes", member.lengthBytes());
            json.put("isMember", member.superblock().isPresent());
            JsonArray copies = new JsonArray();
            for (Examination.Copy copy : member.copies()) {
                JsonObject each = new JsonObject();
                each.put("copy", copy.number());
                each.put("offsetBytes", copy.offsetBytes());
                each.put("state", copy.state().text());
                each.put("sequence", copy.sequence());
                copies.add(each);
            }
            json.put("copies", copies);
            member.superblock().ifPresent(superblock -> json.put("superblock", toJson(superblock)));
            if (isDumped && member.superblock().isPresent()) {
                json.put("dump", Examination.dump(member.superblock().get()));
            }
            return json;
        }

        private static JsonObject toJson(Superblock superblock) {
            Geometry geometry = superblock.geometry();
            MemberLayout layout = superblock.layout();
            JsonObject json = new JsonObject();
            json.put("volume", superblock.name());
            json.put("volumeUuid", superblock.volume().toString());
            json.put("memberUuid", superblock.member().toString());
            json.put("slot", superblock.slot());
            json.put("level", levelText(superblock));
            json.put("dataCount", geometry.dataCount());
            json.put("parityCount", geometry.parityCount());
            json.put("groupCount", geometry.groupCount());
            json.put("unitBytes", geometry.unitBlocks() * Geometry.BLOCK_BYTES);
            json.put("sizeBytes", geometry.volumeBlocks() * Geometry.BLOCK_BYTES);
            json.put("guard", superblock.guard().text());
            json.put("memberBytes", layout.memberBytes());
            json.put("journalOffset", layout.journalOffset());
            json.put("journalBytes", (long) layout.segmentBytes() * layout.segmentSlots());
            json.put("zonesOffset", layout.zonesOffset());
            json.put("zoneCount", layout.zoneCount());
            json.put("createdMillis", superblock.createdMillis());
            json.put("sequence", superblock.sequence());
            json.put("configEpoch", superblock.configEpoch());
            json.put("ownerEpoch", superblock.ownerEpoch());
            json.put("journalEpoch", superblock.journalEpoch());
            json.put("checkpoint", superblock.checkpoint());
            json.put("tailBatch", superblock.tailBatch());
            json.put("isClean", superblock.isClean());
            if (superblock.reshape() != null) {
                JsonObject reshape = new JsonObject();
                reshape.put("former", geometry.former().toString());
                reshape.put("cutBytes", superblock.reshape().cutBlock() * Geometry.BLOCK_BYTES);
                reshape.put("isDescending", geometry.isDescending());
                reshape.put("isPaused", superblock.reshape().isPaused());
                json.put("reshape", reshape);
            }
            JsonArray members = new JsonArray();
            for (int slot = 0; slot < superblock.members().size(); slot++) {
                MemberEntry entry = superblock.members().get(slot);
                JsonObject each = new JsonObject();
                each.put("slot", slot);
                each.put("uuid", entry.uuid().toString());
                each.put("state", entry.stateText());
                each.put("cursor", entry.cursor());
                each.put("sinceEpoch", entry.sinceEpoch());
                members.add(each);
            }
            json.put("members", members);
            JsonArray jobs = new JsonArray();
            for (JobRecord job : superblock.jobs()) {
                JsonObject each = new JsonObject();
                each.put("id", job.id());
                each.put("kind", job.kindText());
                each.put("state", job.stateText());
                each.put("cursor", job.cursor());
                jobs.add(each);
            }
            json.put("jobs", jobs);
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            line(out, "path", member.name() + ", " + ByteSize.format(member.lengthBytes()));
            if (member.superblock().isEmpty()) {
                line(out, "is", "no member: no valid superblock");
            } else {
                describe(out, member.superblock().get());
            }
            out.println();
            Table copies =
                    Table.of(
                            Table.right("copy"),
                            Table.right("offset"),
                            Table.left("state"),
                            Table.right("sequence"));
            for (Examination.Copy copy : member.copies()) {
                copies.row(
                        copy.number(),
                        copy.offsetBytes(),
                        copy.state().text(),
                        copy.sequence() == 0 ? null : copy.sequence());
            }
            copies.writeTo(out);
            if (isDumped && member.superblock().isPresent()) {
                out.println();
                out.print(Examination.dump(member.superblock().get()));
            }
        }

        private static void describe(PrintWriter out, Superblock superblock) {
            Geometry geometry = superblock.geometry();
            line(
                    out,
                    "is",
                    "member of slot " + superblock.slot() + " of volume " + superblock.name());
            line(out, "volume", superblock.volume().toString());
            line(out, "member", superblock.member().toString());
            line(
                    out,
                    "level",
                    levelText(superblock)
                            + " ("
                            + (geometry.groupCount() > 1
                                    ? geometry.groupCount() + " groups of "
                                    : "")
                            + geometry.dataCount()
                            + "+"
                            + geometry.parityCount()
                            + "), unit "
                            + ByteSize.format((long) geometry.unitBlocks() * Geometry.BLOCK_BYTES)
                            + ", guard "
                            + superblock.guard().text());
            line(
                    out,
                    "size",
                    ByteSize.format(geometry.volumeBlocks() * Geometry.BLOCK_BYTES)
                            + " of "
                            + geometry.slotCount()
                            + " members");
            if (superblock.reshape() != null) {
                line(
                        out,
                        "reshape",
                        "from "
                                + geometry.former()
                                + ", its cut at "
                                + ByteSize.format(
                                        superblock.reshape().cutBlock() * Geometry.BLOCK_BYTES)
                                + (geometry.isDescending() ? ", going down" : "")
                                + (superblock.reshape().isPaused() ? ", paused" : ""));
            }
            line(out, "created", Instant.ofEpochMilli(superblock.createdMillis()).toString());
            line(
                    out,
                    "epochs",
                    "config "
                            + superblock.configEpoch()
                            + ", owner "
                            + superblock.ownerEpoch()
                            + ", journal "
                            + superblock.journalEpoch()
                            + "; checkpoint "
                            + superblock.checkpoint()
                            + ", journal tail "
                            + superblock.tailBatch()
                            + (superblock.isClean()
                                    ? "; stopped in order"
                                    : "; in use, or not stopped in order"));
            out.println();
            Table members =
                    Table.of(
                            Table.right("slot"),
                            Table.left("member"),
                            Table.left("state"),
                            Table.right("cursor"),
                            Table.right("since epoch"));
            for (int slot = 0; slot < superblock.members().size(); slot++) {
                MemberEntry entry = superblock.members().get(slot);
                members.row(
                        slot, entry.uuid(), entry.stateText(), entry.cursor(), entry.sinceEpoch());
            }
            members.writeTo(out);
        }

        private static void line(PrintWriter out, String what, String value) {
            out.println(String.format(Locale.ROOT, "%-9s%s", what, value));
        }
    }

    /// {@return a volume's level as operators write it}
    static String levelText(Superblock superblock) {
        Geometry geometry = superblock.geometry();
        return geometry.level() == Level.ERASURE
                ? geometry.dataCount() + "+" + geometry.parityCount()
                : geometry.level().text();
    }
}
