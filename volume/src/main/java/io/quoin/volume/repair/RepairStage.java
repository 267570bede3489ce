package io.quoin.volume.repair;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static io.quoin.volume.geometry.Geometry.ROWS_PER_INFO;

import com.lmax.disruptor.EventPoller;
import io.quoin.volume.row.RowImage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.agrona.concurrent.Agent;

/// A computing stage of the pipeline: polls the ring behind the stage before it and works on each task
/// in order. What it throws is kept for the engine, which fails the job.
final class RepairStage implements Agent {
    /// What a stage does with a row.
    enum Work {
        /// Holds each block against its info.
        VERIFY,
        /// Decodes what is bad or absent, and checks the parity equation.
        RECONSTRUCT
    }

    private final Work work;
    private final EventPoller<RepairTask> poller;
    private final RowImage image;
    private final MemorySegment scratch = Arena.ofAuto().allocate(BLOCK_BYTES, BLOCK_BYTES);
    private final Runnable wake;
    private volatile Throwable failure;

    RepairStage(Work work, EventPoller<RepairTask> poller, RowImage image, Runnable wake) {
        this.work = work;
        this.poller = poller;
        this.image = image;
        this.wake = wake;
    }

    @Override
    public String roleName() {
        return "repair-" + work.name().toLowerCase(java.util.Locale.ROOT);
    }

    Throwable failure() {
        return failure;
    }

    @Override
    public int doWork() throws Exception {
        if (failure != null) {
            return 0;
        }
        int[] count = new int[1];
        poller.poll((task, sequence, endOfBatch) -> {
            try {
                run(task);
            } catch (RuntimeException | Error e) {
                failure = e;
            }
            count[0]++;
            return failure == null;
        });
        if (count[0] > 0) {
            wake.run();
        }
        return count[0];
    }

    private void run(RepairTask task) {
        if (task.isLeft) {
            return;
        }
        for (int index = 0; index < ROWS_PER_INFO; index++) {
            long row = task.geometry.rowIn(task.key, index);
            task.place(image, row, index);
            if (work == Work.VERIFY) {
                image.judge(task.group, index, row, task.readable[index]);
                task.store(image, index);
                continue;
            }
            task.load(image, index);
            image.complete(task.group, index, row);
            task.store(image, index);
            task.convicted[index] = -1;
            task.isInconsistent[index] = false;
            boolean isWhole = image.decoded == 0 && image.lost == 0;
            if (task.isScrub && isWhole && !image.isParityConsistent()) {
                task.isInconsistent[index] = true;
                task.convicted[index] = image.locateByErasure(scratch);
            }
        }
    }
}
