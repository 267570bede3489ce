package io.quoin.volume.repair;

import org.agrona.concurrent.Agent;

/// Places agents on threads: the engine does not know which.
public interface Stages {
    /// Runs an agent until it is stopped.
    ///
    /// @param agent the agent
    void start(Agent agent);

    /// Ends an agent.
    ///
    /// @param agent the agent
    void stop(Agent agent);

    /// Tells an agent that there is something for it. Any thread.
    ///
    /// @param agent the agent, running
    void ring(Agent agent);

    /// Tells the engine that there is something to look at. Any thread.
    void wake();
}
