package io.quoin.volume.format;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.quoin.codec.guard.Crc32c;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.geometry.Level;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.BytesIn;
import net.openhft.chronicle.bytes.BytesOut;

/// What a member says of itself and of its volume: 4 KiB, four copies, written {0, 2}, then {1, 3}.
/// The valid copy with the highest sequence counts; among members the highest configEpoch does.
///
/// ```
///    0  u64  magic "QUOINSB1"
///    8  u32  CRC-32C of the 4096 bytes with this field zero
///   12  u32  format version, 1
///   16  u64  compat features    (unknown bits are kept)
///   24  u64  incompat features  (unknown bits refuse): 1 XXH3, 2 CANARY, 4 RESHAPE
///   32  u64  ro_compat features (unknown bits open read-only)
///   40  u64  sequence of this superblock on this member
///   48  UUID volume: high, low
///   64  UUID member: high, low
///   80  UUID pool: high, low
///   96  64 B volume name, UTF-8, zero padded
///  160  u32  volume tag
///  164  u16  slot of this member
///  166  u8   level   u8 guard (less 2 with XXH3)   u8 CRC16 polynomial (0: 0x1021, 1: 0x8BB7)
///  169  u8   flags: 1 clean stop
///  170  u16  groups   u16 k   u16 m
///  176  u32  unit blocks
///  180  u32  zone blocks
///  184  u32  zones
///  188  u32  segment bytes
///  192  u32  segment slots
///  196  u32  canary blocks (0 without CANARY)
///  200  u64  journal offset
///  208  u64  zones offset
///  216  u64  member bytes
///  224  u64  created, milliseconds since 1970
///  232  u64  configEpoch
///  240  u64  ownerEpoch
///  248  u64  journal epoch
///  256  u64  checkpoint number
///  264  u64  tail: first journal batch that recovery needs
///  272  u64  sequence floor: no later operation has a lower sequence
///  280  u64  next job id
///  288  2 x 88 B  jobs: u64 id, u16 kind, u16 state, u32 slot, u64 cursor, started, finished,
///                 checked, repaired, lost, suspect, u8 reason, 15 B who asked
///  464  u64  configEpoch of the last membership that a witness recorded, 0: none
///  472  u64  and which members are in sync by it, as one number
///  512  n x 48 B  member table: UUID high, low, u32 state, u32 0, u64 cursor, u64 since epoch, 0
/// 2048  with RESHAPE, the shape that is left: u8 level, u8 flags (1 from the end, 2 paused), u16 k, u16 m, u16 0, u32 unit blocks,
///       u32 canary blocks, u64 blocks of the volume, u64 first block above the cut, u64 job id, u64 started, u8 reason,
///       15 B who asked
/// 2112  reserved, zero
/// ```
///
/// A record of settings and state; immutable, changed by {@link #toBuilder()}.
public final class Superblock {
    /// Bytes of each copy.
    public static final int BYTES = 4096;

    /// Copies on each member.
    public static final int COPIES = 4;

    /// Most bytes of a volume's name.
    public static final int NAME_BYTES = 64;

    /// Jobs kept.
    public static final int JOBS = 2;

    /// Most that a sequence, an epoch or a number of something can be in a superblock or a batch.
    public static final long MAX_COUNTER = 1L << 62;

    static final long MAGIC = 0x314253_4E494F5551L; // "QUOINSB1"
    private static final int VERSION = 1;

    /// Incompat feature: the guard is xxh3 where the byte says crc32c, with or without Hamming codes. A byte that an
    /// older Quoin does not know would make it call all copies damaged; what it says of a feature bit is true.
    private static final long FEATURE_XXH3 = 1;

    private static final long FEATURE_CANARY = 2;
    private static final long FEATURE_RESHAPE = 4;
    private static final long KNOWN = FEATURE_XXH3 | FEATURE_CANARY | FEATURE_RESHAPE;

    private static final int XXH3_LESS = Guard.XXH3.code() - Guard.CRC32C.code();
    private static final int CRC = 8;
    private static final int JOBS_AT = 288;
    private static final int TABLE_AT = 512;
    private static final int RESHAPE_AT = 2048;
    private static final int FROM_THE_END = 1;
    private static final int PAUSED = 2;
    private static final byte[] ZEROS = new byte[16];

    private final Builder fields;

    private Superblock(Builder fields) {
        this.fields = fields;
    }

    /// The fields, for making and changing superblocks. Not shared once built.
    public static final class Builder {
        /// Feature bits that older software may ignore.
        public long compat;

        /// Feature bits that must be understood and are not; those that are follow from other fields.
        public long incompat;

        /// Feature bits that must be understood to write.
        public long roCompat;

        /// Grows with each write of this member's superblock.
        public long sequence;

        /// Identity of the volume.
        public UUID volume = new UUID(0, 0);

        /// Identity of this member.
        public UUID member = new UUID(0, 0);

        /// Identity of the pool.
        public UUID pool = new UUID(0, 0);

        /// Name of the volume.
        public String name = "";

        /// Short identity of the volume, in every info block and journal batch.
        public int volumeTag;

        /// Slot of this member.
        public int slot;

        /// Shape and size.
        public Geometry geometry;

        /// Guards kept.
        public Guard guard = Guard.CRC32C;

        /// 0: 0x1021, 1: 0x8BB7.
        public int polynomial;

        /// Whether the volume was stopped with nothing left in the journal.
        public boolean clean;

        /// Where things lie.
        public MemberLayout layout;

        /// Wall clock at creation.
        public long createdMillis;

        /// Grows with each change of membership.
        public long configEpoch;

        /// Grows with each owner.
        public long ownerEpoch;

        /// Grows with each recovery.
        public long journalEpoch;

        /// Number of the last checkpoint.
        public long checkpoint;

        /// First journal batch that recovery needs.
        public long tailBatch = 1;

        /// No later operation has a lower sequence.
        public long sequenceFloor = 1;

        /// Id of the next job.
        public long nextJob = 1;

        /// Epoch of the last membership that a witness recorded, 0: none.
        public long witnessedEpoch;

        /// Members in sync by it, as the witness has them.
        public long witnessedInSync;

        /// Jobs, newest first.
        public List<JobRecord> jobs = List.of();

        /// Puts a job's record in front; one of each kind is kept.
        ///
        /// @param job its record
        public void putJob(JobRecord job) {
            List<JobRecord> kept = new ArrayList<>();
            kept.add(job);
            for (JobRecord other : jobs) {
                if (other.kind() != job.kind()) {
                    kept.add(other);
                }
            }
            jobs = kept;
        }

        /// What is known of the reshape that is under way, or null; the geometry has the shapes.
        public ReshapeRecord reshape;

        /// One entry for each slot.
        public List<MemberEntry> members = List.of();

        /// {@return the superblock}
        public Superblock build() {
            assert members.size() == geometry.slotCount() : "members=" + members.size();
            assert jobs.size() <= JOBS : "jobs=" + jobs.size();
            assert (reshape == null) == (geometry.former() == null) : "reshape=" + reshape;
            Builder copy = copy();
            copy.members = List.copyOf(members);
            copy.jobs = List.copyOf(jobs);
            return new Superblock(copy);
        }

        private Builder copy() {
            Builder to = new Builder();
            to.compat = compat;
            to.incompat = incompat;
            to.roCompat = roCompat;
            to.sequence = sequence;
            to.volume = volume;
            to.member = member;
            to.pool = pool;
            to.name = name;
            to.volumeTag = volumeTag;
            to.slot = slot;
            to.geometry = geometry;
            to.guard = guard;
            to.polynomial = polynomial;
            to.clean = clean;
            to.layout = layout;
            to.createdMillis = createdMillis;
            to.configEpoch = configEpoch;
            to.ownerEpoch = ownerEpoch;
            to.journalEpoch = journalEpoch;
            to.checkpoint = checkpoint;
            to.tailBatch = tailBatch;
            to.sequenceFloor = sequenceFloor;
            to.nextJob = nextJob;
            to.witnessedEpoch = witnessedEpoch;
            to.witnessedInSync = witnessedInSync;
            to.jobs = jobs;
            to.members = members;
            to.reshape = reshape;
            return to;
        }
    }

    /// {@return the fields, to make a changed superblock of}
    public Builder toBuilder() {
        return fields.copy();
    }

    /// {@return identity of the volume}
    public UUID volume() {
        return fields.volume;
    }

    /// {@return identity of this member}
    public UUID member() {
        return fields.member;
    }

    /// {@return name of the volume}
    public String name() {
        return fields.name;
    }

    /// {@return short identity of the volume}
    public int volumeTag() {
        return fields.volumeTag;
    }

    /// {@return slot of this member}
    public int slot() {
        return fields.slot;
    }

    /// {@return what is known of the reshape that is under way, or null}
    public ReshapeRecord reshape() {
        return fields.reshape;
    }

    /// {@return shape and size}
    public Geometry geometry() {
        return fields.geometry;
    }

    /// {@return guards kept}
    public Guard guard() {
        return fields.guard;
    }

    /// {@return 0 for 0x1021, 1 for 0x8BB7}
    public int polynomial() {
        return fields.polynomial;
    }

    /// {@return whether nothing is left in the journal}
    public boolean isClean() {
        return fields.clean;
    }

    /// {@return where things lie}
    public MemberLayout layout() {
        return fields.layout;
    }

    /// {@return sequence of this superblock on its member}
    public long sequence() {
        return fields.sequence;
    }

    /// {@return wall clock at creation}
    public long createdMillis() {
        return fields.createdMillis;
    }

    /// {@return epoch of the membership}
    public long configEpoch() {
        return fields.configEpoch;
    }

    /// {@return epoch of the owner}
    public long ownerEpoch() {
        return fields.ownerEpoch;
    }

    /// {@return epoch of the journal}
    public long journalEpoch() {
        return fields.journalEpoch;
    }

    /// {@return number of the last checkpoint}
    public long checkpoint() {
        return fields.checkpoint;
    }

    /// {@return first journal batch that recovery needs}
    public long tailBatch() {
        return fields.tailBatch;
    }

    /// {@return no later operation has a lower sequence}
    public long sequenceFloor() {
        return fields.sequenceFloor;
    }

    /// {@return id of the next job}
    public long nextJob() {
        return fields.nextJob;
    }

    /// {@return jobs, newest first}
    public List<JobRecord> jobs() {
        return fields.jobs;
    }

    /// {@return one entry for each slot}
    public List<MemberEntry> members() {
        return fields.members;
    }

    /// {@return feature bits that this software does not know and must}
    public long unknownIncompat() {
        return fields.incompat;
    }

    /// {@return epoch of the last membership that a witness recorded, 0: none}
    public long witnessedEpoch() {
        return fields.witnessedEpoch;
    }

    /// {@return members in sync by it, as the witness has them}
    public long witnessedInSync() {
        return fields.witnessedInSync;
    }

    /// {@return feature bits that this software must know to write}
    public long unknownRoCompat() {
        return fields.roCompat;
    }

    /// Writes the 4096 bytes, the CRC field zero, with a description of each field for dumps.
    ///
    /// @param out target, at its write position
    public void writeTo(BytesOut<?> out) {
        Builder f = fields;
        long start = position(out);
        out.writeHexDumpDescription("magic QUOINSB1").writeLong(MAGIC);
        out.writeHexDumpDescription("crc32c").writeInt(0);
        out.writeHexDumpDescription("version").writeInt(VERSION);
        out.writeHexDumpDescription("compat").writeLong(f.compat);
        out.writeHexDumpDescription("incompat")
                .writeLong(
                        f.incompat
                                | (f.guard.hasXxh3() ? FEATURE_XXH3 : 0)
                                | (f.geometry.canaryBlocks() > 0 ? FEATURE_CANARY : 0)
                                | (f.reshape == null ? 0 : FEATURE_RESHAPE));
        out.writeHexDumpDescription("ro_compat").writeLong(f.roCompat);
        out.writeHexDumpDescription("superblock sequence").writeLong(f.sequence);
        uuid(out, "volume", f.volume);
        uuid(out, "member", f.member);
        uuid(out, "pool", f.pool);
        byte[] name = f.name.getBytes(StandardCharsets.UTF_8);
        assert name.length <= NAME_BYTES : "name of " + name.length + " bytes";
        out.writeHexDumpDescription("name").write(name);
        pad(out, start + 160);
        out.writeHexDumpDescription("volume tag").writeInt(f.volumeTag);
        out.writeHexDumpDescription("slot").writeShort((short) f.slot);
        out.writeHexDumpDescription("level").writeByte((byte) f.geometry.level().ordinal());
        out.writeHexDumpDescription("guard").writeByte((byte) guardByte(f.guard));
        out.writeHexDumpDescription("crc16 polynomial").writeByte((byte) f.polynomial);
        out.writeHexDumpDescription("flags").writeByte((byte) (f.clean ? 1 : 0));
        out.writeHexDumpDescription("groups").writeShort((short) f.geometry.groupCount());
        out.writeHexDumpDescription("k").writeShort((short) f.geometry.dataCount());
        out.writeHexDumpDescription("m").writeShort((short) f.geometry.parityCount());
        out.writeHexDumpDescription("unit blocks").writeInt(f.geometry.unitBlocks());
        out.writeHexDumpDescription("zone blocks").writeInt(f.layout.zoneBlocks());
        out.writeHexDumpDescription("zones").writeInt(f.layout.zoneCount());
        out.writeHexDumpDescription("segment bytes").writeInt(f.layout.segmentBytes());
        out.writeHexDumpDescription("segment slots").writeInt(f.layout.segmentSlots());
        out.writeHexDumpDescription("canary blocks").writeInt((int) f.geometry.canaryBlocks());
        out.writeHexDumpDescription("journal offset").writeLong(f.layout.journalOffset());
        out.writeHexDumpDescription("zones offset").writeLong(f.layout.zonesOffset());
        out.writeHexDumpDescription("member bytes").writeLong(f.layout.memberBytes());
        out.writeHexDumpDescription("created").writeLong(f.createdMillis);
        out.writeHexDumpDescription("configEpoch").writeLong(f.configEpoch);
        out.writeHexDumpDescription("ownerEpoch").writeLong(f.ownerEpoch);
        out.writeHexDumpDescription("journal epoch").writeLong(f.journalEpoch);
        out.writeHexDumpDescription("checkpoint").writeLong(f.checkpoint);
        out.writeHexDumpDescription("tail batch").writeLong(f.tailBatch);
        out.writeHexDumpDescription("sequence floor").writeLong(f.sequenceFloor);
        out.writeHexDumpDescription("next job").writeLong(f.nextJob);
        assert position(out) == start + JOBS_AT : "jobs at " + position(out);
        for (int i = 0; i < JOBS; i++) {
            JobRecord job = i < f.jobs.size() ? f.jobs.get(i) : JobRecord.NONE;
            out.writeHexDumpDescription("job " + i + " id").writeLong(job.id());
            out.writeHexDumpDescription("kind").writeShort((short) job.kind());
            out.writeHexDumpDescription("state").writeShort((short) job.state());
            out.writeHexDumpDescription("slot").writeInt(job.slot());
            out.writeHexDumpDescription("cursor").writeLong(job.cursor());
            out.writeHexDumpDescription("started").writeLong(job.startedMillis());
            out.writeHexDumpDescription("finished").writeLong(job.finishedMillis());
            out.writeHexDumpDescription("checked").writeLong(job.checked());
            out.writeHexDumpDescription("repaired").writeLong(job.repaired());
            out.writeHexDumpDescription("lost").writeLong(job.lost());
            out.writeHexDumpDescription("suspect").writeLong(job.suspect());
            writeOrigin(out, job.origin());
        }
        out.writeHexDumpDescription("witnessed epoch").writeLong(f.witnessedEpoch);
        out.writeHexDumpDescription("witnessed in sync").writeLong(f.witnessedInSync);
        pad(out, start + TABLE_AT);
        for (int i = 0; i < f.members.size(); i++) {
            MemberEntry entry = f.members.get(i);
            uuid(out, "slot " + i + " member", entry.uuid());
            out.writeHexDumpDescription(entry.stateText()).writeInt(entry.state());
            out.writeHexDumpDescription("reserved").writeInt(0);
            out.writeHexDumpDescription("cursor").writeLong(entry.cursor());
            out.writeHexDumpDescription("since epoch").writeLong(entry.sinceEpoch());
            out.writeHexDumpDescription("reserved").writeLong(0);
        }
        if (f.reshape != null) {
            pad(out, start + RESHAPE_AT);
            writeReshape(out, f.geometry, f.reshape);
        }
        pad(out, start + BYTES);
    }

    private static void writeReshape(BytesOut<?> out, Geometry to, ReshapeRecord reshape) {
        Geometry former = to.former();
        int flags = (to.isDescending() ? FROM_THE_END : 0) | (reshape.isPaused() ? PAUSED : 0);
        out.writeHexDumpDescription("former level").writeByte((byte) former.level().ordinal());
        out.writeHexDumpDescription("reshape flags").writeByte((byte) flags);
        out.writeHexDumpDescription("former k").writeShort((short) former.dataCount());
        out.writeHexDumpDescription("former m").writeShort((short) former.parityCount());
        out.writeHexDumpDescription("reserved").writeShort((short) 0);
        out.writeHexDumpDescription("former unit blocks").writeInt(former.unitBlocks());
        out.writeHexDumpDescription("former canary").writeInt((int) former.canaryBlocks());
        out.writeHexDumpDescription("volume blocks").writeLong(to.volumeBlocks());
        out.writeHexDumpDescription("cut block").writeLong(reshape.cutBlock());
        out.writeHexDumpDescription("reshape id").writeLong(reshape.id());
        out.writeHexDumpDescription("reshape started").writeLong(reshape.startedMillis());
        writeOrigin(out, reshape.origin());
    }

    private static void writeOrigin(BytesOut<?> out, JobOrigin origin) {
        out.writeHexDumpDescription("reason").writeByte((byte) origin.reason().ordinal());
        byte[] who = origin.who().getBytes(StandardCharsets.US_ASCII);
        out.writeHexDumpDescription("who").write(Arrays.copyOf(who, JobOrigin.NAME_BYTES));
    }

    /// {@return data blocks used on each member: whole units}
    ///
    /// @param layout layout of the members
    /// @param unitBlocks blocks of a unit
    public static long memberBlocks(MemberLayout layout, int unitBlocks) {
        return layout.dataBlocks() / unitBlocks * unitBlocks;
    }

    private static int guardByte(Guard guard) {
        return guard.hasXxh3() ? guard.code() - XXH3_LESS : guard.code();
    }

    /// {@return the guard that its byte and the features speak of, or null when there is none}
    private static Guard guard(int guardByte, long incompat) {
        boolean isXxh3 = (incompat & FEATURE_XXH3) != 0;
        Guard guard = Guard.ofCode(isXxh3 ? guardByte + XXH3_LESS : guardByte);
        return guard != null && guard.hasXxh3() == isXxh3 ? guard : null;
    }

    private static void uuid(BytesOut<?> out, String what, UUID uuid) {
        out.writeHexDumpDescription(what).writeLong(uuid.getMostSignificantBits());
        out.writeLong(uuid.getLeastSignificantBits());
    }

    /// {@return bytes written; HexDumpBytes keeps the length of its text in the upper half}
    private static long position(BytesOut<?> out) {
        return out.writePosition() & 0xFFFF_FFFFL;
    }

    private static void pad(BytesOut<?> out, long to) {
        // A dump has 16 bytes on a line, and a description belongs to one line.
        for (long left = to - position(out); left > 0; left = to - position(out)) {
            out.writeHexDumpDescription("zeros").write(ZEROS, 0, (int) Math.min(left, 16));
        }
    }

    /// Writes the 4096 bytes with their CRC into a segment.
    ///
    /// @param target segment
    /// @param at offset
    public void store(MemorySegment target, long at) {
        store(target, at, new Image());
    }

    /// Memory in which a superblock is put together, one after the other; threads may take turns with it.
    public static final class Image {
        private final Bytes<byte[]> bytes = Bytes.allocateElasticOnHeap(BYTES);

        /// Takes the memory.
        public Image() {
            bytes.singleThreadedCheckDisabled(true);
        }
    }

    /// Writes the 4096 bytes with their CRC into a segment.
    ///
    /// @param target segment
    /// @param at offset
    /// @param image where they are put together
    public void store(MemorySegment target, long at, Image image) {
        Bytes<byte[]> bytes = image.bytes.clear();
        writeTo(bytes);
        assert bytes.readRemaining() == BYTES : "image of " + bytes.readRemaining() + " bytes";
        MemorySegment.copy(bytes.underlyingObject(), 0, target, JAVA_BYTE, at, BYTES);
        target.set(BlockInfo.INT, at + CRC, Crc32c.of(target, at, BYTES));
    }

    /// Reads one copy.
    ///
    /// @param source segment
    /// @param at offset of its 4096 bytes
    /// @return the superblock, or null when the bytes are none or damaged
    public static Superblock load(MemorySegment source, long at) {
        if (source.get(BlockInfo.LONG, at) != MAGIC) {
            return null;
        }
        byte[] image = source.asSlice(at, BYTES).toArray(JAVA_BYTE);
        MemorySegment segment = MemorySegment.ofArray(image);
        int stored = segment.get(BlockInfo.INT, CRC);
        segment.set(BlockInfo.INT, CRC, 0);
        if (Crc32c.of(segment, 0, BYTES) != stored) {
            return null;
        }
        Bytes<byte[]> bytes = Bytes.wrapForRead(image);
        try {
            return read(bytes);
        } catch (IllegalArgumentException e) {
            return null;
        } finally {
            bytes.releaseLast();
        }
    }

    // Nothing that grows by one gets near the end of its 64 bits by itself, and from there it would
    // overflow.
    private static void checkCounters(Builder f) {
        long[] counters = {
            f.sequence,
            f.configEpoch,
            f.ownerEpoch,
            f.journalEpoch,
            f.checkpoint,
            f.tailBatch,
            f.sequenceFloor,
            f.nextJob,
            f.witnessedEpoch
        };
        for (long counter : counters) {
            if (counter < 0 || counter > MAX_COUNTER) {
                throw new IllegalArgumentException(
                        "counter: expected 0 to " + MAX_COUNTER + ", was " + counter);
            }
        }
    }

    // Malformed bytes would come back as replacement characters, three bytes each: too long to be
    // written again.
    private static String text(byte[] bytes, int length) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, 0, length))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("name: expected UTF-8", e);
        }
    }

    /// A job goes on whatever stands here: unknown reasons and names that are none count as not known.
    private static JobOrigin origin(BytesIn<?> in) {
        int reason = in.readUnsignedByte();
        byte[] who = new byte[JobOrigin.NAME_BYTES];
        in.read(who);
        JobOrigin.Reason[] known = JobOrigin.Reason.values();
        if (reason == 0 || reason >= known.length) {
            return JobOrigin.UNKNOWN;
        }
        int length = 0;
        while (length < who.length && who[length] > ' ' && who[length] != 0x7F) {
            length++;
        }
        return new JobOrigin(known[reason], new String(who, 0, length, StandardCharsets.US_ASCII));
    }

    private static Superblock read(BytesIn<?> in) {
        Builder f = new Builder();
        in.readSkip(12);
        int version = in.readInt();
        if (version != VERSION) {
            throw new IllegalArgumentException("version: expected 1, was " + version);
        }
        f.compat = in.readLong();
        long incompat = in.readLong();
        f.incompat = incompat & ~KNOWN;
        f.roCompat = in.readLong();
        f.sequence = in.readLong();
        f.volume = new UUID(in.readLong(), in.readLong());
        f.member = new UUID(in.readLong(), in.readLong());
        f.pool = new UUID(in.readLong(), in.readLong());
        byte[] name = new byte[NAME_BYTES];
        in.read(name);
        int length = 0;
        while (length < name.length && name[length] != 0) {
            length++;
        }
        f.name = text(name, length);
        f.volumeTag = in.readInt();
        f.slot = in.readUnsignedShort();
        int level = in.readUnsignedByte();
        int guard = in.readUnsignedByte();
        f.polynomial = in.readUnsignedByte();
        f.clean = (in.readUnsignedByte() & 1) != 0;
        int groups = in.readUnsignedShort();
        int data = in.readUnsignedShort();
        int parity = in.readUnsignedShort();
        int unitBlocks = in.readInt();
        int zoneBlocks = in.readInt();
        int zones = in.readInt();
        int segmentBytes = in.readInt();
        int segmentSlots = in.readInt();
        int canaryBlocks = in.readInt();
        long journalOffset = in.readLong();
        long zonesOffset = in.readLong();
        long memberBytes = in.readLong();
        f.createdMillis = in.readLong();
        f.configEpoch = in.readLong();
        f.ownerEpoch = in.readLong();
        f.journalEpoch = in.readLong();
        f.checkpoint = in.readLong();
        f.tailBatch = in.readLong();
        f.sequenceFloor = in.readLong();
        f.nextJob = in.readLong();
        f.guard = guard(guard, incompat);
        if (level >= Level.values().length || f.guard == null) {
            throw new IllegalArgumentException("unknown level " + level + " or guard " + guard);
        }
        f.layout =
                new MemberLayout(
                        memberBytes,
                        journalOffset,
                        segmentBytes,
                        segmentSlots,
                        zonesOffset,
                        zoneBlocks,
                        zones);
        if (unitBlocks < 1) {
            throw new IllegalArgumentException(
                    "unit blocks: expected 1 or more, was " + unitBlocks);
        }
        boolean hasCanary = (incompat & FEATURE_CANARY) != 0;
        if (hasCanary && canaryBlocks == 0) {
            throw new IllegalArgumentException(
                    "canary blocks: expected some with the feature CANARY, was 0");
        }
        f.geometry =
                new Geometry(
                                Level.values()[level],
                                groups,
                                data,
                                parity,
                                unitBlocks,
                                memberBlocks(f.layout, unitBlocks))
                        .withCanary(hasCanary ? canaryBlocks : 0);
        List<JobRecord> jobs = new ArrayList<>();
        for (int i = 0; i < JOBS; i++) {
            JobRecord job =
                    new JobRecord(
                            in.readLong(),
                            in.readUnsignedShort(),
                            in.readUnsignedShort(),
                            in.readInt(),
                            in.readLong(),
                            in.readLong(),
                            in.readLong(),
                            in.readLong(),
                            in.readLong(),
                            in.readLong(),
                            in.readLong(),
                            origin(in));
            if (job.id() != 0) {
                jobs.add(job);
            }
        }
        f.jobs = jobs;
        f.witnessedEpoch = in.readLong();
        f.witnessedInSync = in.readLong();
        if ((incompat & FEATURE_RESHAPE) != 0) {
            in.readPosition(RESHAPE_AT);
            readReshape(in, f);
        }
        checkCounters(f);
        in.readPosition(TABLE_AT);
        List<MemberEntry> members = new ArrayList<>();
        for (int i = 0; i < f.geometry.slotCount(); i++) {
            UUID uuid = new UUID(in.readLong(), in.readLong());
            int state = in.readInt();
            in.readSkip(4);
            members.add(new MemberEntry(uuid, state, in.readLong(), in.readLong()));
            in.readSkip(8);
        }
        f.members = members;
        return f.build();
    }

    private static void readReshape(BytesIn<?> in, Builder f) {
        int level = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int data = in.readUnsignedShort();
        int parity = in.readUnsignedShort();
        in.readSkip(2);
        int unitBlocks = in.readInt();
        int canaryBlocks = in.readInt();
        long size = in.readLong();
        long cut = in.readLong();
        long id = in.readLong();
        long startedMillis = in.readLong();
        if (level >= Level.values().length
                || flags > (FROM_THE_END | PAUSED)
                || unitBlocks < 1
                || id < 1
                || id > MAX_COUNTER) {
            throw new IllegalArgumentException(
                    "reshape: expected a known level and flags, units and a job, found level "
                            + level
                            + ", flags "
                            + flags
                            + ", unit blocks "
                            + unitBlocks
                            + ", job "
                            + id);
        }
        Geometry former =
                new Geometry(
                                Level.values()[level],
                                1,
                                data,
                                parity,
                                unitBlocks,
                                memberBlocks(f.layout, unitBlocks))
                        .withCanary(canaryBlocks);
        f.geometry = f.geometry.reshapedFrom(former, (flags & FROM_THE_END) != 0, size, cut);
        f.reshape = new ReshapeRecord(id, (flags & PAUSED) != 0, startedMillis, cut, origin(in));
    }
}
