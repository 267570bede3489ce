package io.quoin.volume;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/// News published while the turn changes hands are seen by one of the two.
@JCStressTest
@Outcome(id = "true, true", expect = Expect.ACCEPTABLE, desc = "both could take it up")
@Outcome(id = "true, false", expect = Expect.ACCEPTABLE, desc = "the publisher got the turn")
@Outcome(id = "false, true", expect = Expect.ACCEPTABLE, desc = "left to the holder, who saw it")
@Outcome(id = "false, false", expect = Expect.FORBIDDEN, desc = "left lying")
@State
public class BatonStress {
    private final Baton baton = new Baton();
    private boolean hasNews;

    /// Publishes and asks for the turn.
    ///
    /// @param result whether it got it
    @Actor
    public void publisher(ZZ_Result result) {
        hasNews = true;
        result.r1 = baton.tryTake();
    }

    /// Has the turn, lets go of it and looks for news.
    ///
    /// @param result whether there were some
    @Actor
    public void holder(ZZ_Result result) {
        baton.letGo();
        result.r2 = hasNews;
    }
}
