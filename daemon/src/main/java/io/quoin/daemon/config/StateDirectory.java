package io.quoin.daemon.config;

import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.tomlj.Toml;

/// What one daemon remembers between its lives: the volumes it serves, and the witness.
///
/// ```
/// quoind.lock         locked while a daemon lives; holds its process id
/// witness             see FileWitness
/// identity            tells this directory from others, see Ownership
/// volumes/NAME.toml   a volume that is served after a restart
/// spares.toml         members in waiting
/// drills.toml         how they did when they were last drilled
/// counters/NAME       counters of a served volume, mapped
/// ```
public final class StateDirectory implements AutoCloseable {
    private static final String SUFFIX = ".toml";
    private static final String IDENTITY = "identity";
    private static final String SPARES = "spares.toml";
    private static final String DRILLS = "drills.toml";

    private final Path directory;
    private final FileChannel lock;

    private StateDirectory(Path directory, FileChannel lock) {
        this.directory = directory;
        this.lock = lock;
    }

    /// A remembered volume, or why it cannot be read.
    ///
    /// @param name name of its file, without the suffix
    /// @param volume the volume; nothing when the file makes no sense
    /// @param error why, or empty
    public record Remembered(String name, Optional<VolumeSettings> volume, String error) {}

    /// Opens the directory for a daemon, and keeps others off.
    ///
    /// @param directory absolute path; made if it is not there
    /// @return the directory
    /// @throws ConfigException when another daemon has it, or it cannot be made or written
    public static StateDirectory open(Path directory) throws ConfigException {
        FileChannel channel = null;
        try {
            DurableFile.makeDirectory(directory);
            DurableFile.makeDirectory(directory.resolve("volumes"));
            Path path = directory.resolve("quoind.lock");
            channel =
                    FileChannel.open(
                            path,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE);
            if (!tryLock(channel)) {
                String owner = owner(channel);
                channel.close();
                throw new ConfigException(
                        "state directory "
                                + directory
                                + ": expected no other daemon, found one"
                                + (owner.isEmpty() ? "" : " (process " + owner + ")")
                                + "; --state names another directory");
            }
            channel.truncate(0);
            channel.write(
                    ByteBuffer.wrap(
                            (ProcessHandle.current().pid() + "\n")
                                    .getBytes(StandardCharsets.US_ASCII)));
            return new StateDirectory(directory, channel);
        } catch (IOException e) {
            closeQuietly(channel);
            throw new ConfigException(
                    "state directory " + directory + ": " + reason(e) + "; --state names another",
                    e);
        }
    }

    /// {@return the directory without the lock, for commands that run while no daemon does}
    ///
    /// @param directory absolute path
    public static StateDirectory unlocked(Path directory) {
        return new StateDirectory(directory, null);
    }

    private static boolean tryLock(FileChannel channel) throws IOException {
        try {
            FileLock held = channel.tryLock();
            return held != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    private static String owner(FileChannel channel) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(32);
        channel.read(bytes, 0);
        return new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII).strip();
    }

    private static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException denied -> "no permission: " + denied.getFile();
            case FileSystemException failed when failed.getReason() != null ->
                    failed.getFile() + ": " + failed.getReason();
            default -> String.valueOf(e.getMessage());
        };
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            System.getLogger(StateDirectory.class.getName())
                    .log(System.Logger.Level.DEBUG, "closing the lock: " + e.getMessage());
        }
    }

    /// {@return the directory}
    public Path path() {
        return directory;
    }

    /// {@return what tells this directory from others, made with the first call}
    ///
    /// @throws ConfigException when it cannot be read or written
    public String identity() throws ConfigException {
        Path file = directory.resolve(IDENTITY);
        try {
            if (!Files.exists(file)) {
                DurableFile.write(file, UUID.randomUUID() + "\n");
            }
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new ConfigException("state directory " + directory + ": " + reason(e), e);
        }
    }

    /// {@return the file of the witness}
    public Path witness() {
        return directory.resolve("witness");
    }

    /// {@return the file of a volume's counters}
    ///
    /// @param name name of the volume
    /// @throws IllegalArgumentException when the name is none that a volume can have
    public Path counters(String name) {
        checkName(name);
        return directory.resolve("counters").resolve(name);
    }

    private Path file(String name) {
        return directory.resolve("volumes").resolve(name + SUFFIX);
    }

    /// Checks that a name can be a volume's, and so names a file of this directory and no other: names
    /// come from superblocks and requests, which anybody may have written.
    ///
    /// @param name the name
    /// @throws IllegalArgumentException when it is empty, `.` or `..`, or has a slash or a control
    ///     character
    public static void checkName(String name) {
        if (!isName(name)) {
            throw new IllegalArgumentException(
                    "volume name: expected one without slashes or control characters, was \""
                            + name.replaceAll("\\p{Cntrl}", "?")
                            + "\"");
        }
    }

    private static boolean isName(String name) {
        return !name.isEmpty()
                && !name.equals(".")
                && !name.equals("..")
                && name.chars().noneMatch(c -> c < ' ' || c == '/' || c == 0x7F);
    }

    /// {@return the remembered volumes, by name}
    ///
    /// @throws ConfigException when the directory cannot be read
    public List<Remembered> volumes() throws ConfigException {
        List<Remembered> result = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory.resolve("volumes"))) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith(SUFFIX)) {
                    result.add(load(file, name.substring(0, name.length() - SUFFIX.length())));
                }
            }
            return result;
        } catch (IOException e) {
            throw new ConfigException("state directory " + directory + ": " + reason(e), e);
        }
    }

    /// {@return whether a volume of that name is remembered}
    ///
    /// @param name its name
    public boolean isRemembered(String name) {
        return isName(name) && Files.exists(file(name));
    }

    /// {@return a remembered volume}
    ///
    /// @param name its name
    /// @throws ConfigException when its file cannot be read
    public Optional<VolumeSettings> volume(String name) throws ConfigException {
        if (!isRemembered(name)) {
            return Optional.empty();
        }
        return Optional.of(SettingsFile.volume(SettingsFile.parse(file(name))));
    }

    private static Remembered load(Path file, String name) {
        try {
            VolumeSettings volume = SettingsFile.volume(SettingsFile.parse(file));
            return new Remembered(name, Optional.of(volume), "");
        } catch (ConfigException e) {
            return new Remembered(name, Optional.empty(), e.getMessage());
        }
    }

    /// Remembers a volume, or its new members; on stable storage on return.
    ///
    /// @param volume volume with a name
    /// @throws ConfigException when it cannot be written
    /// @throws IllegalArgumentException when its name is none that a volume can have
    public void remember(VolumeSettings volume) throws ConfigException {
        String name = volume.name().orElseThrow();
        checkName(name);
        StringBuilder text =
                new StringBuilder("# Written by Quoin: a volume that quoind serves.\n");
        text.append("name = ").append(quote(name)).append("\nmembers = [\n");
        for (MemberAddress member : volume.members()) {
            text.append("  ").append(quote(member.toString())).append(",\n");
        }
        text.append("]\n");
        OptionalLong buffer = volume.bufferBytes();
        if (buffer.isPresent()) {
            text.append("buffer = ").append(buffer.getAsLong()).append('\n');
        }
        try {
            DurableFile.makeDirectory(directory.resolve("volumes"));
            DurableFile.write(file(name), text.toString());
        } catch (IOException e) {
            throw new ConfigException(
                    "state directory "
                            + directory
                            + ": volume "
                            + name
                            + " not remembered: "
                            + reason(e),
                    e);
        }
    }

    /// {@return the members in waiting}
    ///
    /// @throws ConfigException when their file cannot be read
    public List<SpareSettings> spares() throws ConfigException {
        Path file = directory.resolve(SPARES);
        return Files.exists(file) ? SettingsFile.spares(SettingsFile.parse(file)) : List.of();
    }

    /// Remembers the members in waiting, all of them; on stable storage on return.
    ///
    /// @param spares the spares
    /// @throws ConfigException when they cannot be written
    public void rememberSpares(List<SpareSettings> spares) throws ConfigException {
        StringBuilder text = new StringBuilder("# Written by Quoin: members in waiting.\n");
        for (SpareSettings each : spares) {
            text.append("[[spare]]\npath = ").append(quote(each.path().toString())).append('\n');
            if (!each.volumes().isEmpty()) {
                text.append("volumes = [")
                        .append(
                                each.volumes().stream()
                                        .map(StateDirectory::quote)
                                        .collect(Collectors.joining(", ")))
                        .append("]\n");
            }
        }
        try {
            DurableFile.write(directory.resolve(SPARES), text.toString());
        } catch (IOException e) {
            throw new ConfigException(
                    "state directory " + directory + ": spares not remembered: " + reason(e), e);
        }
    }

    /// {@return how spares did when they were last drilled; of those that never were there is none}
    ///
    /// @throws ConfigException when their file cannot be read
    public List<DrillVerdict> drills() throws ConfigException {
        Path file = directory.resolve(DRILLS);
        return Files.exists(file) ? SettingsFile.drills(SettingsFile.parse(file)) : List.of();
    }

    /// Remembers how spares did, all of them; on stable storage on return.
    ///
    /// @param drills the last one of each
    /// @throws ConfigException when they cannot be written
    public void rememberDrills(List<DrillVerdict> drills) throws ConfigException {
        StringBuilder text =
                new StringBuilder("# Written by Quoin: how spares did when last drilled.\n");
        for (DrillVerdict each : drills) {
            text.append("[[drill]]\npath = ").append(quote(each.path().toString()));
            text.append("\nended-ms = ").append(each.endedMillis()).append('\n');
            if (each.isOk()) {
                text.append("median-us = ").append(each.medianMicros());
                text.append("\nslowest-us = ").append(each.slowestMicros());
                text.append("\nbytes-per-second = ").append(each.bytesPerSecond()).append('\n');
                if (each.isCached()) {
                    text.append("read-from-cache = true\n");
                }
            } else {
                text.append("failure = ").append(quote(each.failure())).append('\n');
            }
        }
        try {
            DurableFile.write(directory.resolve(DRILLS), text.toString());
        } catch (IOException e) {
            throw new ConfigException(
                    "state directory " + directory + ": drills not remembered: " + reason(e), e);
        }
    }

    private static String quote(String text) {
        return "\"" + Toml.tomlEscape(text) + "\"";
    }

    /// Forgets a volume; on stable storage on return.
    ///
    /// @param name its name
    /// @throws ConfigException when it cannot be written
    public void forget(String name) throws ConfigException {
        if (!isName(name)) {
            return;
        }
        try {
            DurableFile.delete(file(name));
        } catch (IOException e) {
            throw new ConfigException(
                    "state directory "
                            + directory
                            + ": volume "
                            + name
                            + " not forgotten: "
                            + reason(e),
                    e);
        }
    }

    /// Lets the next daemon in.
    @Override
    public void close() {
        closeQuietly(lock);
    }
}
