package io.quoin.volume.member;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/// A file or block device on this host, opened past the page cache (O_DIRECT), twice: durable writes
/// go through a channel with O_DSYNC, others through one without. Never mapped: a truncated file
/// must be an error, not a SIGBUS. A lock on the file keeps a second daemon off.
public final class LocalFile implements BlockFile {
    private static final int PAGE = 4096;
    private static final System.Logger LOG = System.getLogger(LocalFile.class.getName());

    /// O_DIRECT. The enum is exported by jdk.unsupported, and javac has no way to accept a use of it
    /// without a warning.
    private static final OpenOption DIRECT = directOption();

    /// Files this process has open, by device and inode. A POSIX lock goes with the first descriptor of
    /// the file that the process closes, also of one opened for reading, so a second one must not even
    /// be opened.
    private static final Set<Object> OPEN = ConcurrentHashMap.newKeySet();

    /// File systems that never make a thread wait which hands a write to io_uring: where they would, as for
    /// the file's own lock, they say so (IOCB_NOWAIT) and the kernel's workers wait instead. FUSE takes that
    /// lock wherever it is, overlayfs too. A thread that stands there hears of nothing that is done, also on other
    /// members, so a single member that stands still would stop all.
    private static final Set<String> PROMPT = Set.of("ext2", "ext3", "ext4", "xfs", "btrfs");

    private final Path path;
    private final Object key;
    private final AtomicBoolean isClosed = new AtomicBoolean();
    private final FileChannel plain;
    private final FileChannel durable;
    private final boolean direct;
    private final int durableDescriptor;
    private final int plainDescriptor;
    private volatile long lengthBytes;
    private final ThreadLocal<SegmentViews> views = ThreadLocal.withInitial(SegmentViews::new);

    private LocalFile(
            Path path,
            Object key,
            FileChannel plain,
            FileChannel durable,
            boolean direct,
            long lengthBytes) {
        this.path = path;
        this.key = key;
        this.plain = plain;
        this.durable = durable;
        this.direct = direct;
        durableDescriptor =
                direct && durable != null && isPrompt(path) ? Descriptors.of(durable) : -1;
        plainDescriptor = durable != null ? Descriptors.of(plain) : -1;
        this.lengthBytes = lengthBytes;
    }

    /// Opens a member.
    ///
    /// @param path file or block device
    /// @param writable false: for examination; not locked, writes fail
    /// @return the open member
    /// @throws IOException naming the path and what is wrong: missing, read-only, locked
    public static LocalFile open(Path path, boolean writable) throws IOException {
        if (!Files.exists(path)) {
            throw new IOException(path + ": no such file or device");
        }
        if (Files.isDirectory(path)) {
            throw new IOException(path + ": expected a file or block device, is a directory");
        }
        Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        if (!OPEN.add(key)) {
            throw new IOException(path + ": in use by a volume of this daemon");
        }
        boolean isOpen = false;
        try {
            LocalFile file = openChannels(path, key, writable);
            isOpen = true;
            return file;
        } finally {
            if (!isOpen) {
                OPEN.remove(key);
            }
        }
    }

    private static LocalFile openChannels(Path path, Object key, boolean writable)
            throws IOException {
        boolean direct = true;
        FileChannel plain;
        try {
            plain = open(path, writable, true, false);
        } catch (java.nio.file.AccessDeniedException e) {
            throw new IOException(
                    path + ": no permission to open it " + (writable ? "for writing" : ""), e);
        } catch (java.nio.file.FileSystemException e) {
            if (e.getReason() != null && e.getReason().contains("Read-only")) {
                throw new IOException(path + ": read-only, a member must be writable", e);
            }
            plain = open(path, writable, false, false);
            direct = false;
        } catch (UnsupportedOperationException | IOException e) {
            plain = open(path, writable, false, false);
            direct = false;
        }
        FileChannel durable = null;
        try {
            if (writable) {
                lock(path, plain);
                durable = open(path, true, direct, true);
            }
            return new LocalFile(path, key, plain, durable, direct, plain.size());
        } catch (IOException e) {
            plain.close();
            throw e;
        }
    }

    private static boolean isPrompt(Path path) {
        try {
            return !Files.isRegularFile(path)
                    || PROMPT.contains(Files.getFileStore(path).type().toLowerCase(Locale.ROOT));
        } catch (IOException | SecurityException e) {
            LOG.log(System.Logger.Level.DEBUG, path + ": file system not known", e);
            return false;
        }
    }

    private static OpenOption directOption() {
        try {
            Class<?> options = Class.forName("com.sun.nio.file.ExtendedOpenOption");
            for (Object option : options.getEnumConstants()) {
                if (option.toString().equals("DIRECT")) {
                    return (OpenOption) option;
                }
            }
            throw new IllegalStateException("this JDK has no ExtendedOpenOption.DIRECT");
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("module jdk.unsupported is missing", e);
        }
    }

    private static FileChannel open(Path path, boolean writable, boolean direct, boolean sync)
            throws IOException {
        Set<OpenOption> options = new HashSet<>();
        options.add(StandardOpenOption.READ);
        if (writable) {
            options.add(StandardOpenOption.WRITE);
        }
        if (direct) {
            options.add(DIRECT);
        }
        if (sync) {
            options.add(StandardOpenOption.DSYNC);
        }
        return FileChannel.open(path, options);
    }

    private static void lock(Path path, FileChannel channel) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException e) {
            throw new IOException(path + ": in use by a volume of this daemon", e);
        }
        if (lock == null) {
            throw new IOException(
                    path + ": in use, another process holds its lock (a second quoind?)");
        }
    }

    /// Keeps daemons from a member that is open for examination, until it is closed.
    ///
    /// @return false: somebody has it open for writing
    public boolean keepShared() {
        try {
            return plain.tryLock(0, Long.MAX_VALUE, true) != null;
        } catch (OverlappingFileLockException e) {
            return false;
        } catch (IOException e) {
            // Where nobody can lock, nobody has.
            LOG.log(System.Logger.Level.DEBUG, path + ": cannot be locked", e);
            return true;
        }
    }

    @Override
    public String name() {
        return path.toString();
    }

    @Override
    public long lengthBytes() {
        return lengthBytes;
    }

    @Override
    public boolean canBecomeLonger() {
        return durable != null && Files.isRegularFile(path);
    }

    @Override
    public long measure() {
        try {
            lengthBytes = plain.size();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, path + ": " + e.getMessage());
        }
        return lengthBytes;
    }

    @Override
    public String mode() {
        if (!direct) {
            return "page cache, O_DSYNC (O_DIRECT not supported here)";
        }
        return durableDescriptor >= 0 && Port.isSupported()
                ? "O_DIRECT|O_DSYNC, io_uring"
                : "O_DIRECT|O_DSYNC";
    }

    @Override
    public boolean isCached() {
        return !direct;
    }

    @Override
    public int durableDescriptor() {
        return durableDescriptor;
    }

    @Override
    public IoResult read(MemorySegment target, long targetOffset, int length, long offsetBytes) {
        ByteBuffer view = views.get().of(target, targetOffset, length);
        long at = offsetBytes;
        try {
            while (view.hasRemaining()) {
                int count = plain.read(view, at);
                if (count <= 0) {
                    return IoResult.SHORT;
                }
                at += count;
            }
            return IoResult.OK;
        } catch (java.nio.channels.ClosedChannelException e) {
            return IoResult.CLOSED;
        } catch (IOException e) {
            report("read", offsetBytes, length, e);
            return IoResult.ERROR;
        }
    }

    @Override
    public IoResult write(
            MemorySegment source,
            long sourceOffset,
            int length,
            long offsetBytes,
            boolean isDurable) {
        if (durable == null) {
            return IoResult.CLOSED;
        }
        FileChannel channel = isDurable ? durable : plain;
        ByteBuffer view = views.get().of(source, sourceOffset, length);
        long at = offsetBytes;
        try {
            while (view.hasRemaining()) {
                at += channel.write(view, at);
            }
            return IoResult.OK;
        } catch (java.nio.channels.ClosedChannelException e) {
            return IoResult.CLOSED;
        } catch (IOException e) {
            report("write", offsetBytes, length, e);
            String message = String.valueOf(e.getMessage());
            return message.contains("No space") ? IoResult.NO_SPACE : IoResult.ERROR;
        }
    }

    @Override
    public boolean gather(MemorySegment pieces, int count, int lengthBytes, long offsetBytes) {
        return plainDescriptor >= 0
                && Descriptors.gather(plainDescriptor, pieces, count, offsetBytes) == lengthBytes;
    }

    /// Of a file what is a hole stays one: the time and space that a large new member takes are those of its
    /// superblocks.
    @Override
    public IoResult clear(MemorySegment zeros, long offsetBytes, long lengthBytes) {
        int descriptor = plainDescriptor;
        if (descriptor < 0) {
            return BlockFile.super.clear(zeros, offsetBytes, lengthBytes);
        }
        if (!Files.isRegularFile(path)) {
            return Descriptors.zeroRange(descriptor, offsetBytes, lengthBytes)
                    ? IoResult.OK
                    : BlockFile.super.clear(zeros, offsetBytes, lengthBytes);
        }
        long end = offsetBytes + lengthBytes;
        long at = offsetBytes;
        while (at < end) {
            long data = Descriptors.nextData(descriptor, at);
            if (data >= end) {
                return IoResult.OK;
            }
            at = data - data % PAGE;
            int length = (int) Math.min(zeros.byteSize(), end - at);
            IoResult result = write(zeros, 0, length, at, false);
            if (!result.isOk()) {
                return result;
            }
            at += length;
        }
        return IoResult.OK;
    }

    @Override
    public IoResult flush() {
        if (durable == null) {
            return IoResult.CLOSED;
        }
        try {
            plain.force(false);
            // The next write to its end would make it as long as it was, with zeros in between.
            long left = plain.size();
            if (left < lengthBytes) {
                report(
                        "flush",
                        0,
                        0,
                        new IOException(
                                "expected a length of "
                                        + lengthBytes
                                        + " bytes, found "
                                        + left
                                        + ": truncated; rebuild it"));
                return IoResult.SHORT;
            }
            return IoResult.OK;
        } catch (java.nio.channels.ClosedChannelException e) {
            return IoResult.CLOSED;
        } catch (IOException e) {
            report("flush", 0, 0, e);
            return IoResult.ERROR;
        }
    }

    private void report(String what, long offset, int length, IOException cause) {
        LOG.log(
                System.Logger.Level.WARNING,
                "member {0}: {1} of {2} bytes at offset {3} failed: {4}",
                path,
                what,
                Integer.toString(length),
                Long.toString(offset),
                cause.getMessage());
    }

    @Override
    public void close() {
        if (!isClosed.compareAndSet(false, true)) {
            return;
        }
        try {
            plain.close();
            if (durable != null) {
                durable.close();
            }
            OPEN.remove(key);
        } catch (IOException e) {
            report("close", 0, 0, e);
        }
    }
}
