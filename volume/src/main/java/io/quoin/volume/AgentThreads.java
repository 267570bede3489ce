package io.quoin.volume;

import io.quoin.volume.repair.Stages;
import java.util.HashMap;
import java.util.Map;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.BackoffIdleStrategy;

/// Gives each computing stage of a job a thread of its own, for as long as the job runs.
final class AgentThreads implements Stages {
    private static final System.Logger LOG = System.getLogger(AgentThreads.class.getName());

    private final Map<Agent, AgentRunner> runners = new HashMap<>();
    private final Runnable wake;

    AgentThreads(Runnable wake) {
        this.wake = wake;
    }

    @Override
    public synchronized void start(Agent agent) {
        AgentRunner runner =
                new AgentRunner(
                        new BackoffIdleStrategy(50, 20, 10_000, 500_000),
                        error -> LOG.log(System.Logger.Level.ERROR, agent.roleName(), error),
                        null,
                        agent);
        runners.put(agent, runner);
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
        AgentRunner runner = runners.remove(agent);
        if (runner != null) {
            runner.close();
        }
    }

    @Override
    public void wake() {
        wake.run();
    }

    synchronized void close() {
        for (AgentRunner runner : runners.values()) {
            runner.close();
        }
        runners.clear();
    }
}
