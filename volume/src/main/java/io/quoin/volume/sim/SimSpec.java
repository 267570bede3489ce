package io.quoin.volume.sim;

/// The volume of a simulation.
///
/// @param level as in `quoin create`
/// @param members number of members
/// @param copies copies of a raid10, 0: as usual
/// @param unitBytes stripe unit
public record SimSpec(String level, int members, int copies, int unitBytes) {
    static final SimSpec RAID0 = new SimSpec("raid0", 2, 0, 4096);
    static final SimSpec RAID1 = new SimSpec("raid1", 2, 0, 8192);
    static final SimSpec RAID1_3 = new SimSpec("raid1", 3, 0, 4096);
    static final SimSpec RAID5 = new SimSpec("raid5", 3, 0, 8192);
    static final SimSpec RAID5_4 = new SimSpec("raid5", 4, 0, 4096);
    static final SimSpec RAID6 = new SimSpec("raid6", 4, 0, 4096);
    static final SimSpec RAID10 = new SimSpec("raid10", 4, 0, 8192);
    static final SimSpec RS33 = new SimSpec("3+3", 6, 0, 4096);
    static final SimSpec RS52 = new SimSpec("5+2", 7, 0, 4096);

    /// {@return what it is called on the command line: level/members}
    @Override
    public String toString() {
        return level + "/" + members;
    }
}
