package io.quoin.volume.sim;

import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.IoResult;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// A disk in memory with a volatile write cache. Reads see everything written; a flush makes durable
/// what was written before it. At a crash every 512-byte sector of a page with volatile writes is,
/// independently, one of the versions it had since the last flush: that covers torn, reordered and
/// lost writes.
final class SimDisk implements BlockFile {
    static final int PAGE = 4096;
    static final int SECTOR = 512;

    private final String name;
    private final byte[][] durable;
    private final byte[][] current;
    private final Map<Integer, List<byte[]>> unflushed = new HashMap<>();
    private boolean[] unreadable;

    /// Faults this disk may show; null: none.
    SimFaults faults;

    /// Counts operations of the blocking kind, and may crash the run at one.
    Runnable onOperation = () -> {};

    SimDisk(String name, int pages) {
        this.name = name;
        durable = new byte[pages][];
        current = new byte[pages][];
        unreadable = new boolean[pages];
    }

    private SimDisk(SimDisk from) {
        name = from.name;
        durable = from.durable.clone();
        current = from.durable.clone();
        unreadable = from.unreadable.clone();
        faults = from.faults;
    }

    /// What is on the medium after a power cut now; `inFlight` are page images of writes that were
    /// submitted and not completed.
    SimDisk afterCrash(SplittableRandom random, Map<Integer, List<byte[]>> inFlight) {
        SimDisk disk = new SimDisk(this);
        Map<Integer, List<byte[]>> versions = new HashMap<>();
        unflushed.forEach((page, list) -> versions.put(page, new ArrayList<>(list)));
        inFlight.forEach((page, list) ->
                versions.computeIfAbsent(page, p -> new ArrayList<>()).addAll(list));
        List<Integer> pages = new ArrayList<>(versions.keySet());
        pages.sort(null);
        for (int page : pages) {
            List<byte[]> list = versions.get(page);
            byte[] image = new byte[PAGE];
            int style = random.nextInt(4);
            for (int at = 0; at < PAGE; at += SECTOR) {
                int pick =
                        switch (style) {
                            case 0 -> 0;
                            case 1 -> list.size();
                            default -> random.nextInt(list.size() + 1);
                        };
                byte[] source = pick == 0 ? durable[page] : list.get(pick - 1);
                if (source != null) {
                    System.arraycopy(source, at, image, at, SECTOR);
                }
            }
            disk.durable[page] = image;
            disk.current[page] = image;
        }
        return disk;
    }

    int pages() {
        return current.length;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long lengthBytes() {
        return (long) current.length * PAGE;
    }

    @Override
    public IoResult read(MemorySegment target, long targetOffset, int length, long offset) {
        onOperation.run();
        for (int i = 0; i < length; i += PAGE) {
            int page = page(offset + i);
            if (unreadable[page]) {
                return IoResult.ERROR;
            }
            byte[] bytes = current[page];
            MemorySegment to = target.asSlice(targetOffset + i, PAGE);
            if (bytes == null) {
                to.fill((byte) 0);
            } else {
                to.copyFrom(MemorySegment.ofArray(bytes));
            }
        }
        return IoResult.OK;
    }

    @Override
    public IoResult write(
            MemorySegment source, long sourceOffset, int length, long offset, boolean isDurable) {
        onOperation.run();
        for (int i = 0; i < length; i += PAGE) {
            byte[] bytes = new byte[PAGE];
            MemorySegment.ofArray(bytes).copyFrom(source.asSlice(sourceOffset + i, PAGE));
            put(page(offset + i), bytes, isDurable);
        }
        return IoResult.OK;
    }

    private int page(long offset) {
        assert offset % PAGE == 0 && offset >= 0 && offset < lengthBytes() : "offset " + offset;
        return (int) (offset / PAGE);
    }

    private void put(int page, byte[] bytes, boolean isDurable) {
        unreadable[page] = false;
        current[page] = bytes;
        if (isDurable) {
            durable[page] = bytes;
            unflushed.remove(page);
        } else {
            unflushed.computeIfAbsent(page, p -> new ArrayList<>()).add(bytes);
        }
    }

    @Override
    public IoResult flush() {
        onOperation.run();
        for (int page : unflushed.keySet()) {
            durable[page] = current[page];
        }
        unflushed.clear();
        return IoResult.OK;
    }

    /// Flips bits at rest.
    void flip(long offset, int bit) {
        int page = page(offset / PAGE * PAGE);
        byte[] bytes = current[page] == null ? new byte[PAGE] : current[page].clone();
        bytes[(int) (offset % PAGE)] ^= (byte) (1 << bit);
        boolean isClean = !unflushed.containsKey(page);
        current[page] = bytes;
        if (isClean) {
            durable[page] = bytes;
        }
    }

    /// Puts other bytes where a page was, at rest.
    void overwrite(long offset, byte[] bytes) {
        int page = page(offset);
        current[page] = bytes;
        durable[page] = bytes;
        unflushed.remove(page);
    }

    byte[] pageAt(long offset) {
        byte[] bytes = current[page(offset)];
        return bytes == null ? new byte[PAGE] : bytes.clone();
    }

    /// Makes a page unreadable until it is written.
    void spoil(long offset) {
        unreadable[page(offset)] = true;
    }

    @Override
    public void close() {}
}
