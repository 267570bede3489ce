package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.ControlClient;
import io.quoin.daemon.control.api.ControlException;
import io.quoin.daemon.control.api.RememberedVolumes;
import io.quoin.volume.MemberFiles;
import io.quoin.volume.assembly.Creation;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.geometry.Level;
import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin create NAME --level raid5 MEMBER...`: makes a volume, through the daemon when one runs, which
/// then serves it; else here, and the next daemon serves it.
@Command(
        name = "create",
        description = {
            "Makes a volume of members: files or block devices.",
            "A daemon that runs serves it at once; otherwise the next one does."
        })
final class CreateCommand extends QuoinCommand {
    @Mixin private DaemonOption daemon;

    @Mixin private Confirmation confirmation;

    @Parameters(
            index = "0",
            paramLabel = "NAME",
            description = "Name of the volume and its export.")
    private String name;

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "MEMBER",
            description = {
                "Files or block devices; with --size, files that do not exist are made. Or exports of",
                "NBD servers: nbd://HOST[:PORT]/EXPORT, nbd+unix:///EXPORT?socket=PATH."
            })
    private List<MemberAddress> members;

    @Option(
            names = "--level",
            required = true,
            paramLabel = "LEVEL",
            description = "raid0, raid1, raid5, raid6, raid10, or k+m such as 4+3.")
    private String level;

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            converter = ByteSize.class,
            description = "Size of each member file that is made, for example 256M.")
    private Long sizeBytes;

    @Option(
            names = "--unit",
            paramLabel = "SIZE",
            converter = ByteSize.class,
            description = "Stripe unit, a power of two from 4K to 1M (16K).")
    private Long unitBytes;

    @Option(
            names = "--guard",
            paramLabel = "GUARD",
            description =
                    "crc16, crc16+hamming, crc32c, crc32c+hamming, xxh3 or xxh3+hamming (crc32c).")
    private String guard = Guard.CRC32C.text();

    @Option(
            names = "--copies",
            paramLabel = "COUNT",
            description = "Copies of each block, for raid10 (2).")
    private int copies;

    @Option(
            names = "--force",
            description = "Overwrites members that hold a volume, a filesystem or anything else.")
    private boolean isForced;

    @Option(
            names = "--offline",
            description = "Makes it here even when a daemon runs; nobody serves it then.")
    private boolean isOffline;

    @Option(
            names = "--state",
            paramLabel = "DIRECTORY",
            description = "Without a daemon: where the next one remembers (/var/lib/quoin).")
    private Path state;

    @Override
    ExitCode run(Output output) throws Exception {
        List<MemberAddress> addresses = Paths.absolute(members);
        Creation.Wish wish =
                new Creation.Wish(
                        name,
                        level,
                        copies,
                        unitBytes == null ? Creation.UNIT_BYTES : checkedUnit(unitBytes),
                        Guard.parse(guard),
                        0);
        if (sizeBytes != null && sizeBytes <= 0) {
            throw CommandFailure.usage("--size: expected more than 0, was " + sizeBytes);
        }
        if (isForced) {
            confirmation.require(
                    output,
                    "All that "
                            + String.join(
                                    ", ", addresses.stream().map(MemberAddress::toString).toList())
                            + " hold will be gone.",
                    "volume",
                    name);
        }
        List<String> notes = sizeNotes(addresses);
        notes.forEach(output::note);
        Optional<ControlClient> client = isOffline ? Optional.empty() : daemon.connectIfThere();
        JsonObject created;
        if (client.isPresent()) {
            try (ControlClient open = client.get()) {
                created = DaemonOption.order(open, request(wish, addresses)).getObject("volume");
                created.put("isServed", true);
            }
        } else {
            created = createHere(wish, addresses, notes, output);
        }
        created.put("notes", JsonArray.from(notes.toArray()));
        output.print(new Created(created));
        return ExitCode.OK;
    }

    private static int checkedUnit(long bytes) throws CommandFailure {
        if (bytes < 4096 || bytes > 1 << 20 || Long.bitCount(bytes) != 1) {
            throw CommandFailure.usage(
                    "--unit: expected a power of two from 4096 to 1048576, was " + bytes);
        }
        return (int) bytes;
    }

    private JsonObject request(Creation.Wish wish, List<MemberAddress> addresses) {
        JsonObject request = ControlClient.request("create");
        request.put("name", wish.name());
        request.put("level", wish.level());
        request.put(
                "members",
                JsonArray.from(addresses.stream().map(MemberAddress::toString).toArray()));
        request.put("sizeBytes", sizeBytes == null ? 0 : sizeBytes);
        request.put("copies", wish.copies());
        request.put("unitBytes", wish.unitBytes());
        request.put("guard", wish.guard().text());
        request.put("force", isForced);
        return request;
    }

    private JsonObject createHere(
            Creation.Wish wish, List<MemberAddress> addresses, List<String> notes, Output output)
            throws CommandFailure, VolumeException {
        Path directory =
                state == null ? RememberedVolumes.DEFAULT_STATE_DIRECTORY : Paths.absolute(state);
        boolean isRemembered = false;
        try {
            Optional<List<MemberAddress>> taken = RememberedVolumes.members(directory, name);
            if (taken.isPresent()) {
                throw CommandFailure.failed(
                        "volume "
                                + name
                                + ": expected a new name, "
                                + directory
                                + " remembers one of that name, of "
                                + taken.get());
            }
        } catch (ControlException e) {
            throw CommandFailure.failed(e.getMessage(), e);
        }
        Superblock superblock =
                MemberFiles.create(
                        wish,
                        addresses,
                        sizeBytes == null ? 0 : sizeBytes,
                        isForced,
                        System.currentTimeMillis());
        if (!isOffline) {
            try {
                RememberedVolumes.add(directory, name, addresses);
                isRemembered = true;
            } catch (ControlException e) {
                notes.add(
                        "not remembered ("
                                + e.getMessage()
                                + "): serve it with `quoin serve MEMBER...` or `quoin open MEMBER...`");
                output.note(notes.getLast());
            }
        }
        return describe(superblock, addresses, isRemembered);
    }

    private static JsonObject describe(
            Superblock superblock, List<MemberAddress> addresses, boolean isRemembered) {
        Geometry geometry = superblock.geometry();
        JsonObject json = new JsonObject();
        json.put("name", superblock.name());
        json.put("uuid", superblock.volume().toString());
        json.put(
                "level",
                geometry.level() == Level.ERASURE
                        ? geometry.dataCount() + "+" + geometry.parityCount()
                        : geometry.level().text());
        json.put("dataCount", geometry.dataCount());
        json.put("parityCount", geometry.parityCount());
        json.put("groupCount", geometry.groupCount());
        json.put("sizeBytes", geometry.volumeBlocks() * Geometry.BLOCK_BYTES);
        json.put("unitBytes", geometry.unitBlocks() * Geometry.BLOCK_BYTES);
        json.put("guard", superblock.guard().text());
        JsonArray members = new JsonArray();
        for (int slot = 0; slot < addresses.size(); slot++) {
            JsonObject member = new JsonObject();
            member.put("slot", slot);
            member.put("uuid", superblock.members().get(slot).uuid().toString());
            member.put("path", addresses.get(slot).toString());
            members.add(member);
        }
        json.put("members", members);
        json.put("isServed", false);
        json.put("isRemembered", isRemembered);
        return json;
    }

    /// Says when members differ in size: as much as the least has is used of each.
    private List<String> sizeNotes(List<MemberAddress> addresses) throws IOException {
        List<String> notes = new ArrayList<>();
        Path least = null;
        long leastBytes = Long.MAX_VALUE;
        long mostBytes = 0;
        for (MemberAddress address : addresses) {
            Path path = address.path().orElse(null);
            long bytes;
            if (path == null) {
                continue; // what its server says is seen when it is opened
            } else if (!Files.exists(path)) {
                bytes = sizeBytes == null ? 0 : sizeBytes;
            } else if (Files.isDirectory(path)) {
                continue;
            } else {
                try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
                    bytes = channel.size();
                }
            }
            mostBytes = Math.max(mostBytes, bytes);
            if (bytes < leastBytes) {
                leastBytes = bytes;
                least = path;
            }
        }
        if (least != null && leastBytes > 0 && mostBytes > leastBytes) {
            notes.add(
                    "members differ in size: of each as much is used as the least has, "
                            + least
                            + " with "
                            + ByteSize.format(leastBytes));
        }
        return notes;
    }

    private record Created(JsonObject volume) implements Report {
        @Override
        public JsonObject toJson() {
            return volume;
        }

        @Override
        public void writeText(PrintWriter out) {
            out.println(
                    "volume "
                            + volume.getString("name")
                            + " ("
                            + volume.getString("uuid")
                            + "): "
                            + volume.getString("level")
                            + ", "
                            + ByteSize.format(volume.getLong("sizeBytes"))
                            + " of "
                            + volume.getArray("members").size()
                            + " members, guard "
                            + volume.getString("guard"));
            if (volume.getBoolean("isServed")) {
                for (Object uri : volume.getArray("uris", new JsonArray())) {
                    out.println("served: " + uri);
                }
            } else if (volume.getBoolean("isRemembered")) {
                out.println("not served yet: start the daemon, or `quoin serve`");
            }
        }
    }
}
