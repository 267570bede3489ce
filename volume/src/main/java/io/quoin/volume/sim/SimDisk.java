package io.quoin.volume.sim;

import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.IoResult;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/// A disk in memory with a volatile write cache. Reads see everything written; a flush makes durable
/// what was written before it. At a crash every sector of a page with volatile writes is,
/// independently, one of the versions it had since the last flush: that covers torn, reordered and
/// lost writes.
///
/// A page's bytes are never changed in place, so that images of a disk share them.
final class SimDisk implements BlockFile {
    static final int PAGE = 4096;
    static final int SECTOR = 512;

    private final String name;
    private final int sectorBytes;
    private byte[][] durable;
    private byte[][] current;
    private final Map<Integer, List<byte[]>> unflushed = new HashMap<>();
    private boolean[] unreadable;
    private boolean[] damaged;
    private int pages;

    /// Faults this disk may show; null: none.
    SimFaults faults;

    SimDisk(String name, int pages, int sectorBytes) {
        this.name = name;
        this.pages = pages;
        this.sectorBytes = sectorBytes;
        durable = new byte[pages][];
        current = new byte[pages][];
        unreadable = new boolean[pages];
        damaged = new boolean[pages];
    }

    private SimDisk(SimDisk from, byte[][] content) {
        name = from.name;
        pages = from.pages;
        sectorBytes = from.sectorBytes;
        durable = content.clone();
        current = content.clone();
        unreadable = from.unreadable.clone();
        damaged = from.damaged.clone();
        faults = from.faults;
    }

    /// What is on the medium after a power cut now; `inFlight` are page images of writes that were
    /// submitted and not completed.
    SimDisk afterCrash(
            SplittableRandom random, Map<Integer, List<byte[]>> inFlight, SimTally tally) {
        Map<Integer, byte[]> kept = new HashMap<>();
        volatilePages(inFlight)
                .forEach((page, list) -> kept.put(page, tear(page, list, random, tally)));
        return afterCrash(kept);
    }

    private byte[] tear(int page, List<byte[]> list, SplittableRandom random, SimTally tally) {
        byte[] image = new byte[PAGE];
        int style = random.nextInt(4);
        int first = -1;
        boolean isTorn = false;
        for (int at = 0; at < PAGE; at += sectorBytes) {
            int pick =
                    switch (style) {
                        case 0 -> 0;
                        case 1 -> list.size();
                        default -> random.nextInt(list.size() + 1);
                    };
            isTorn |= first >= 0 && pick != first;
            first = pick;
            byte[] source = pick == 0 ? durable[page] : list.get(pick - 1);
            if (source != null) {
                System.arraycopy(source, at, image, at, sectorBytes);
            }
        }
        if (isTorn) {
            tally.fault(Fault.TORN_WRITE);
        } else if (first < list.size()) {
            tally.fault(Fault.UNFLUSHED_LOST);
        }
        return image;
    }

    /// {@return pages with volatile writes, in order, each with how many versions it may have besides the
    /// durable one}
    TreeMap<Integer, List<byte[]>> volatilePages(Map<Integer, List<byte[]>> inFlight) {
        TreeMap<Integer, List<byte[]>> versions = new TreeMap<>();
        unflushed.forEach((page, list) -> versions.put(page, new ArrayList<>(list)));
        inFlight.forEach((page, list) ->
                versions.computeIfAbsent(page, p -> new ArrayList<>()).addAll(list));
        return versions;
    }

    /// {@return the disk after a power cut that kept of some pages these bytes}
    SimDisk afterCrash(Map<Integer, byte[]> kept) {
        SimDisk disk = new SimDisk(this, durable);
        kept.forEach((page, bytes) -> {
            disk.durable[page] = bytes;
            disk.current[page] = bytes;
        });
        return disk;
    }

    /// {@return what of a page is on the medium, never changed; null: zeros}
    byte[] durable(int page) {
        return durable[page];
    }

    /// {@return the disk as its medium is now, to be put back later}
    SimDisk image() {
        return new SimDisk(this, durable);
    }

    /// {@return a blank disk of the same size}
    ///
    /// @param other its name
    SimDisk blank(String other) {
        return new SimDisk(other, current.length, sectorBytes);
    }

    /// There is more of it: pages that hold zeros, anything, or what another page holds.
    void lengthen(int more, SplittableRandom random) {
        int was = current.length;
        durable = Arrays.copyOf(durable, was + more);
        current = Arrays.copyOf(current, was + more);
        unreadable = Arrays.copyOf(unreadable, was + more);
        damaged = Arrays.copyOf(damaged, was + more);
        for (int page = was; page < was + more; page++) {
            switch (random.nextInt(3)) {
                case 0 -> {
                    durable[page] = new byte[PAGE];
                    random.nextBytes(durable[page]);
                }
                case 1 -> durable[page] = durable[random.nextInt(was)];
                default -> durable[page] = null;
            }
            current[page] = durable[page];
        }
        pages = was + more;
    }

    /// Cuts the end off.
    void truncate(int toPages) {
        pages = toPages;
        for (int page = toPages; page < current.length; page++) {
            current[page] = null;
            durable[page] = null;
            unflushed.remove(page);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long lengthBytes() {
        return (long) pages * PAGE;
    }

    int pages() {
        return current.length;
    }

    @Override
    public IoResult read(MemorySegment target, long targetOffset, int length, long offset) {
        long from = faults == null ? offset : faults.beforeRead(this, length, offset);
        if (from == -2) {
            return IoResult.ERROR;
        }
        for (int i = 0; i < length; i += PAGE) {
            int page = page(from + i);
            if (page >= pages) {
                return IoResult.SHORT;
            }
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
        int flipped = faults == null ? -1 : faults.afterRead(length, offset);
        if (flipped >= 0) {
            long at = targetOffset + flipped;
            byte was = target.get(java.lang.foreign.ValueLayout.JAVA_BYTE, at);
            target.set(java.lang.foreign.ValueLayout.JAVA_BYTE, at, (byte) (was ^ 4));
        }
        return IoResult.OK;
    }

    @Override
    public IoResult write(
            MemorySegment source, long sourceOffset, int length, long offset, boolean isDurable) {
        byte[][] landed = new byte[length / PAGE][];
        long[] at = new long[landed.length];
        for (int i = 0; i < landed.length; i++) {
            landed[i] = new byte[PAGE];
            at[i] = offset + (long) i * PAGE;
            MemorySegment.ofArray(landed[i])
                    .copyFrom(source.asSlice(sourceOffset + (long) i * PAGE, PAGE));
        }
        IoResult result = faults == null ? IoResult.OK : faults.write(this, landed, at, isDurable);
        boolean isKept = isDurable && (faults == null || !faults.isLying());
        for (int i = 0; i < landed.length; i++) {
            if (landed[i] != null) {
                put(page(at[i]), landed[i], isKept);
            }
        }
        return result;
    }

    private static int page(long offset) {
        assert offset % PAGE == 0 && offset >= 0 : "offset " + offset;
        return (int) (offset / PAGE);
    }

    private void put(int page, byte[] bytes, boolean isDurable) {
        pages = Math.max(pages, page + 1);
        unreadable[page] = false;
        damaged[page] = false;
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
        IoResult result = faults == null ? null : faults.flush(this);
        if (result != null) {
            return result;
        }
        for (int page : unflushed.keySet()) {
            durable[page] = current[page];
        }
        unflushed.clear();
        return IoResult.OK;
    }

    /// What was written since the last flush is gone, as some kernels do after a failed one.
    void dropUnflushed() {
        for (int page : unflushed.keySet()) {
            current[page] = durable[page];
        }
        unflushed.clear();
    }

    /// Flips bits at rest.
    void flip(long offset, int bit) {
        int page = page(offset / PAGE * PAGE);
        byte[] bytes = current[page] == null ? new byte[PAGE] : current[page].clone();
        bytes[(int) (offset % PAGE)] ^= (byte) (1 << bit);
        damaged[page] = true;
        boolean isClean = !unflushed.containsKey(page);
        current[page] = bytes;
        if (isClean) {
            durable[page] = bytes;
        }
    }

    /// {@return whether bits of a page were flipped since it was written}
    boolean isDamaged(long offset) {
        return damaged[page(offset / PAGE * PAGE)];
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
        int page = page(offset);
        if (page < unreadable.length) {
            unreadable[page] = true;
        }
    }

    @Override
    public void close() {}
}
