package io.quoin.volume;

import io.quoin.volume.repair.Stages;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.IdleStrategy;

/// Gives each computing stage of a job a thread of its own, for as long as the job runs.
final class AgentThreads implements Stages {
    private static final System.Logger LOG = System.getLogger(AgentThreads.class.getName());

    /// Sleeps until there is something to do: an agent that looks by the clock finds it up to half a millisecond late, in each stage.
    private static final class Bell implements IdleStrategy {
        private static final int SPINS = 50;

        /// Nobody rings for what an agent left to itself.
        private static final long LONGEST_NANOS = 10_000_000L;

        private int spins;
        private volatile boolean isRung;
        private volatile Thread sleeper;

        void ring() {
            isRung = true;
            Thread thread = sleeper;
            if (thread != null) {
                LockSupport.unpark(thread);
            }
        }

        @Override
        public void idle(int workCount) {
            if (workCount > 0) {
                reset();
            } else {
                idle();
            }
        }

        @Override
        public void idle() {
            if (spins++ < SPINS) {
                Thread.onSpinWait();
                return;
            }
            sleeper = Thread.currentThread();
            if (!isRung) { // nor since it looked last
                LockSupport.parkNanos(this, LONGEST_NANOS);
            }
            sleeper = null;
            isRung = false;
        }

        @Override
        public void reset() {
            spins = 0;
        }
    }

    private record Running(AgentRunner runner, Bell bell) {}

    private final Map<Agent, Running> runners = new ConcurrentHashMap<>();
    private final Runnable wake;

    AgentThreads(Runnable wake) {
        this.wake = wake;
    }

    @Override
    public synchronized void start(Agent agent) {
        Bell bell = new Bell();
        AgentRunner runner =
                new AgentRunner(
                        bell,
                        error -> LOG.log(System.Logger.Level.ERROR, agent.roleName(), error),
                        null,
                        agent);
        runners.put(agent, new Running(runner, bell));
        AgentRunner.startOnThread(
                runner,
                work -> {
                    Thread thread = new Thread(work);
                    thread.setDaemon(true);
                    return thread;
                });
    }

    @Override
    public synchronized void stop(Agent agent) {
        Running running = runners.remove(agent);
        if (running != null) {
            running.runner.close();
        }
    }

    @Override
    public void ring(Agent agent) {
        Running running = runners.get(agent);
        if (running != null) {
            running.bell.ring();
        }
    }

    @Override
    public void wake() {
        wake.run();
    }

    synchronized void close() {
        for (Running running : runners.values()) {
            running.runner.close();
        }
        runners.clear();
    }
}
