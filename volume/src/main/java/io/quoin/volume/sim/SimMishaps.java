package io.quoin.volume.sim;

import io.quoin.volume.Engine;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.member.BlockFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/// What befalls suspected members as a whole, mostly while the volume is down.
final class SimMishaps {
    private final SimWorld world;
    private final SplittableRandom random;
    private final List<Integer> suspects;
    private final List<SimDisk> images = new ArrayList<>();

    /// Mishaps of members.
    ///
    /// @param world where
    /// @param suspects their slots, no more than the redundancy bears
    SimMishaps(SimWorld world, List<Integer> suspects) {
        this.world = world;
        this.random = world.random;
        this.suspects = suspects;
        world.suspects.addAll(suspects);
        for (int slot : suspects) {
            images.add(world.disks[slot].image());
        }
    }

    /// Draws suspects.
    ///
    /// @param count how many
    static List<Integer> draw(SimWorld world, int count) {
        List<Integer> drawn = new ArrayList<>();
        while (drawn.size() < count) {
            int slot = world.random.nextInt(world.disks.length);
            if (!drawn.contains(slot)) {
                drawn.add(slot);
            }
        }
        return drawn;
    }

    /// Takes images of the suspects, one of which may be put back later.
    void takeImages() {
        for (int each = 0; each < suspects.size(); each++) {
            images.set(each, world.disks[suspects.get(each)].image());
        }
    }

    /// Something may happen to each of them; the volume is down.
    ///
    /// @param ways what may
    void befall(Set<Fault> ways) {
        for (int each = 0; each < suspects.size(); each++) {
            befall(suspects.get(each), images.get(each), ways);
        }
    }

    private void befall(int slot, SimDisk image, Set<Fault> ways) {
        if (!world.present[slot]) {
            if (random.nextInt(4) > 0) {
                world.present[slot] = true;
                world.note(Fault.RETURNED, "disk" + slot);
            }
            return;
        }
        List<Fault> possible =
                new ArrayList<>(
                        List.of(Fault.ABSENT, Fault.ROLLED_BACK, Fault.TRUNCATED, Fault.BLANKED));
        possible.retainAll(ways);
        if (possible.isEmpty() || random.nextBoolean() || !world.happens()) {
            return;
        }
        Fault fault = possible.get(random.nextInt(possible.size()));
        world.note(fault, "disk" + slot);
        SimDisk disk = world.disks[slot];
        switch (fault) {
            case ABSENT -> world.present[slot] = false;
            case ROLLED_BACK -> {
                world.disks[slot] = image.image();
                world.disks[slot].faults = disk.faults;
            }
            case TRUNCATED -> disk.truncate(1 + random.nextInt(disk.pages() - 1));
            default -> {
                world.disks[slot] = disk.blank(disk.name() + "-blank");
                world.disks[slot].faults = disk.faults;
            }
        }
    }

    /// An operator drops a suspect.
    void drop() {
        if (suspects.isEmpty() || world.engine().phase() != Engine.Phase.SERVING) {
            return;
        }
        int slot = suspects.get(random.nextInt(suspects.size()));
        try {
            world.engine().failMember(slot, "by the operator");
            world.note(Fault.OPERATOR_DROPS, "member");
        } catch (IllegalArgumentException refusal) {
            world.tally.refusals++;
        }
    }

    /// The same member twice is refused, and nothing is harmed by the attempt.
    void offerClone() throws VolumeException {
        List<BlockFile> files = new ArrayList<>();
        for (int i = 0; i < world.disks.length; i++) {
            if (world.present[i]) {
                files.add(world.disks[i]);
            }
        }
        int victim = random.nextInt(world.disks.length);
        if (!world.present[victim] || suspects.contains(victim)) {
            return;
        }
        world.note(Fault.CLONED, "disk" + victim);
        files.add(random.nextInt(files.size() + 1), world.disks[victim].image());
        try {
            world.open(files);
        } catch (VolumeException refused) {
            if (!refused.getMessage().contains("twice")) {
                throw refused;
            }
            return;
        }
        throw new SimModel.Violation("the same member twice was accepted");
    }
}
