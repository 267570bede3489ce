package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.RememberedVolumes;
import io.quoin.volume.assembly.Salvage;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.LocalFile;
import io.quoin.volume.remote.LocalPath;
import io.quoin.volume.remote.MemberAddress;
import io.quoin.volume.remote.Ownership;
import io.quoin.volume.rescue.Fate;
import io.quoin.volume.rescue.Rescue;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin rescue --to IMAGE MEMBER...`: writes what can be had of a volume to an image, from whatever is left of its members.
@Command(
        name = "rescue",
        description = {
            "Reads what is left of a volume's members, whichever and however damaged, writes nothing to them,",
            "and needs no daemon: the last resort. Writes an image, and a map of what of it is right.",
            "Without --to it only says what could be had. Ends with 0 when all is, else with 1."
        })
final class RescueCommand extends QuoinCommand {
    @Parameters(
            arity = "1..*",
            paramLabel = "MEMBER",
            description = "What is left, in any order: paths or URIs of NBD exports.")
    private List<MemberAddress> addresses;

    @Option(
            names = "--to",
            paramLabel = "IMAGE",
            description = "File that is made, sparse, or device with --force.")
    private Path image;

    @Option(
            names = "--map",
            paramLabel = "FILE",
            description =
                    "Map of the image as GNU ddrescue has them: + right, / unconfirmed, - lost.")
    private Path map;

    @Option(names = "--force", description = "Overwrites IMAGE and FILE when they are there.")
    private boolean isForced;

    @Option(
            names = "--while-served",
            description = {
                "Reads although a daemon serves the volume: what is read is of different moments, and",
                "all of it unconfirmed."
            })
    private boolean isWhileServed;

    @Option(
            names = "--state",
            paramLabel = "DIRECTORY",
            description = "Where the daemon remembers: the witness of mirrors (/var/lib/quoin).")
    private Path state;

    private final List<String> unopened = new ArrayList<>();

    @Override
    ExitCode run(Output output) throws CommandFailure, IOException, VolumeException {
        checkPaths();
        List<BlockFile> files = new ArrayList<>();
        try {
            open(files);
            unopened.forEach(output::note);
            Path directory =
                    state == null
                            ? RememberedVolumes.DEFAULT_STATE_DIRECTORY
                            : Paths.absolute(state);
            Rescue rescue = Rescue.of(files, RememberedVolumes.witness(directory), isServed(files));
            RescueMap found = new RescueMap();
            long written = read(rescue, found, output);
            if (map != null) {
                Files.writeString(map, found.text(title(rescue)));
            }
            output.print(new Rescued(rescue, found, unopened, image, map, written));
            return found.isCertain() ? ExitCode.OK : ExitCode.FAILED;
        } finally {
            files.forEach(BlockFile::close);
        }
    }

    private void checkPaths() throws CommandFailure, IOException {
        for (Path target : new Path[] {image, map}) {
            for (MemberAddress address : addresses) {
                if (target != null && new LocalPath(target).isSamePlace(address)) {
                    throw CommandFailure.usage(
                            target + ": expected a place to write to, is given as a member");
                }
            }
        }
        if (image != null && map != null && new LocalPath(image).isSamePlace(new LocalPath(map))) {
            throw CommandFailure.usage(
                    "--to and --map: expected two files, was " + image + " twice");
        }
        for (int i = 0; i < addresses.size(); i++) {
            if (addresses.subList(0, i).stream().anyMatch(addresses.get(i)::isSamePlace)) {
                throw CommandFailure.usage(addresses.get(i) + ": given twice");
            }
        }
        if (map != null && Files.exists(map) && !isForced) {
            throw CommandFailure.failed(
                    map + ": expected no such file, found one; --force overwrites it");
        }
    }

    /// A member that cannot be opened is one that is missing.
    private void open(List<BlockFile> files) throws CommandFailure {
        for (MemberAddress address : addresses) {
            try {
                files.add(address.open(false));
            } catch (IOException e) {
                unopened.add(e.getMessage() + ": left out");
            }
        }
        if (files.isEmpty()) {
            throw CommandFailure.failed(
                    "expected members of a volume, found none that can be read: "
                            + String.join("; ", unopened));
        }
    }

    /// Keeps daemons from the members while they are read, if none is there.
    private boolean isServed(List<BlockFile> files) throws CommandFailure {
        String who = null;
        for (BlockFile file : files) {
            if (file instanceof LocalFile local && !local.keepShared()) {
                who = local.name() + ": in use, another process holds its lock (quoind?)";
            }
        }
        try {
            Ownership.checkUnserved(files);
        } catch (IOException e) {
            who = e.getMessage();
        }
        if (who != null && !isWhileServed) {
            throw CommandFailure.failed(
                    who
                            + "; close the volume first, or --while-served reads it all the same and"
                            + " vouches for nothing");
        }
        return who != null;
    }

    private long read(Rescue rescue, RescueMap found, Output output)
            throws CommandFailure, IOException {
        long bytes = rescue.volumeBlocks() * Geometry.BLOCK_BYTES;
        String name = rescue.remains().superblock().name();
        try (RescueImage to = image == null ? null : RescueImage.open(image, bytes, isForced);
                Progress progress = output.progress("rescue " + name, bytes, ByteSize::format)) {
            if (to != null && Files.isRegularFile(image)) {
                long room = Files.getFileStore(image.toAbsolutePath()).getUsableSpace();
                if (room < bytes) {
                    output.note(
                            image
                                    + ": may need up to "
                                    + ByteSize.format(bytes)
                                    + ", its file system has "
                                    + ByteSize.format(room)
                                    + " left");
                }
            }
            rescue.run((first, count, fate, content) -> {
                long at = first * Geometry.BLOCK_BYTES;
                progress.update(at);
                found.add(first, count, fate);
                if (to != null) {
                    write(to, at, (long) count * Geometry.BLOCK_BYTES, content);
                }
            });
            progress.update(bytes);
            if (to != null) {
                to.finish();
            }
            return to == null ? 0 : to.writtenBytes();
        }
    }

    private static void write(RescueImage to, long at, long bytes, MemorySegment content)
            throws CommandFailure {
        if (content == null) {
            to.skip(at, bytes);
        } else {
            to.write(at, content);
        }
    }

    private static String title(Rescue rescue) {
        Superblock superblock = rescue.remains().superblock();
        return "volume " + superblock.name() + " (" + superblock.volume() + ")";
    }

    private record Rescued(
            Rescue rescue,
            RescueMap map,
            List<String> unopened,
            Path image,
            Path mapFile,
            long writtenBytes)
            implements Report {
        private Superblock superblock() {
            return rescue.remains().superblock();
        }

        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            json.put("name", superblock().name());
            json.put("uuid", superblock().volume().toString());
            json.put("level", ExamineCommand.levelText(superblock()));
            json.put("sizeBytes", rescue.volumeBlocks() * Geometry.BLOCK_BYTES);
            json.put("isComplete", map.isCertain());
            json.put("image", Optional.ofNullable(image).map(Path::toString).orElse(null));
            json.put("map", Optional.ofNullable(mapFile).map(Path::toString).orElse(null));
            json.put("writtenBytes", writtenBytes);
            json.put("journalBatches", rescue.journalBatches());
            JsonObject blocks = new JsonObject();
            for (Fate fate : Fate.values()) {
                blocks.put(fate.text(), map.blocks(fate));
            }
            json.put("blocks", blocks);
            JsonArray extents = new JsonArray();
            for (RescueMap.Extent each : map.extents()) {
                if (each.status() != '+') {
                    JsonObject extent = new JsonObject();
                    extent.put("offsetBytes", each.offsetBytes());
                    extent.put("lengthBytes", each.lengthBytes());
                    extent.put("state", each.status() == '-' ? "lost" : "unconfirmed");
                    extents.add(extent);
                }
            }
            json.put("extents", extents);
            json.put("doubts", JsonArray.from(rescue.doubts().toArray()));
            JsonArray files = new JsonArray();
            for (Salvage.Find find : rescue.remains().finds()) {
                JsonObject each = new JsonObject();
                each.put("path", find.name());
                each.put("slot", find.slot() < 0 ? null : find.slot());
                each.put("state", find.role().text());
                each.put("note", find.note());
                files.add(each);
            }
            json.put("files", files);
            json.put("unopened", JsonArray.from(unopened.toArray()));
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            line(
                    out,
                    "volume",
                    superblock().name()
                            + " ("
                            + superblock().volume()
                            + "), "
                            + ExamineCommand.levelText(superblock())
                            + ", "
                            + bytes(rescue.volumeBlocks()));
            line(out, "journal", rescue.journalBatches() + " batches replayed");
            for (Fate fate : Fate.values()) {
                line(out, fate.text(), map.blocks(fate) + " blocks, " + bytes(map.blocks(fate)));
            }
            rescue.doubts().forEach(doubt -> line(out, "doubt", doubt));
            if (image != null) {
                line(out, "image", image + ", " + ByteSize.format(writtenBytes) + " written");
            }
            if (mapFile != null) {
                line(out, "map", mapFile.toString());
            }
            out.println();
            Table table =
                    Table.of(
                            Table.right("slot"),
                            Table.left("state"),
                            Table.left("path"),
                            Table.left("note"));
            for (Salvage.Find find : rescue.remains().finds()) {
                table.row(
                        find.slot() < 0 ? null : find.slot(),
                        find.role().text(),
                        find.name(),
                        find.note().isEmpty() ? null : find.note());
            }
            table.writeTo(out);
        }

        private static String bytes(long blocks) {
            return ByteSize.format(blocks * Geometry.BLOCK_BYTES);
        }

        private static void line(PrintWriter out, String what, String value) {
            out.println(String.format(Locale.ROOT, "%-12s%s", what, value));
        }
    }
}
