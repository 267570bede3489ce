package io.quoin.volume;

import com.lmax.disruptor.BusySpinWaitStrategy;
import com.lmax.disruptor.EventPoller;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.dsl.ProducerType;
import io.quoin.volume.intake.Request;
import io.quoin.volume.member.Doorbell;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.Port;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// Runs the engine: one thread at a time, and whichever has news for it.
///
/// ```
/// session's reader --> requests ring ----\                    a turn: completions, requests, commit
/// lane of a member --> completions ring --> engine's turn -->  afterwards: replies are sent
/// engine's own thread: every 100 ms (at rest each second), commands, and what takes long: destage, jobs, recovery
/// ```
///
/// A thread that publishes news takes the engine's turn at once if nobody has it, and carries on with what
/// it brought. So a commit wakes the lanes of its copies and nobody else: a hand-off to a parked thread costs
/// as much as a tenth of a durable write (docs/decisions/engine-thread.md). Nothing that is
/// published is left lying ({@link Baton}).
///
/// A guest's turn is short: so many events, and nothing that takes long.
final class Turns {
    private static final int REQUEST_RING = 4096;
    private static final int COMPLETION_RING = 16_384;
    private static final int GUEST_EVENTS = 64;
    private static final int GUEST_TURNS = 3;
    private static final int SPINS = 200;
    private static final long PAUSE_NANOS = 20_000L;

    /// How soon it is noticed that a member does not answer, at best.
    private static final long TICK_NANOS = 25_000_000L;

    private static final long REST_NANOS = 1_000_000_000L;

    /// Actions for the end of a turn, of each thread that takes turns.
    private static final ThreadLocal<List<Runnable>> AFTERWARDS =
            ThreadLocal.withInitial(ArrayList::new);

    private static final class RequestEvent {
        private Request request;
        private Runnable command;
        private boolean isOrder;
    }

    private static final class CompletionEvent {
        private Io io;
    }

    // Nobody waits on the rings themselves: publishers take turns or ring.
    private final RingBuffer<RequestEvent> requests =
            RingBuffer.create(
                    ProducerType.MULTI,
                    RequestEvent::new,
                    REQUEST_RING,
                    new BusySpinWaitStrategy());
    private final RingBuffer<CompletionEvent> completions =
            RingBuffer.create(
                    ProducerType.MULTI,
                    CompletionEvent::new,
                    COMPLETION_RING,
                    new BusySpinWaitStrategy());
    private final EventPoller<RequestEvent> requestPoller = requests.newPoller();
    private final EventPoller<CompletionEvent> completionPoller = completions.newPoller();
    private final Doorbell doorbell = new Doorbell();
    private final Consumer<Throwable> onDeath;

    private final Baton baton = new Baton();
    private final boolean hasPorts;

    // Guarded by the turn.
    private Engine engine;

    /// Requests for the engine that is to come, or null: this one takes them.
    private ArrayDeque<Request> held;

    /// What operators ask of the engine that is to come, until it serves, or null: of this one.
    private ArrayDeque<Runnable> orders;

    /// Operations of the engine that is to come, or null: this one is not over yet.
    private ArrayDeque<Io> ahead;

    private boolean isOrderDue;

    private int eventsLeft;
    private List<Runnable> afterwards;

    /// Who has the turn; others may see an old value, but never themselves.
    private Thread runner;

    private Thread thread;
    private volatile boolean isHalted;

    /// Whether the engine's own thread was called since it last began a turn: a call between its turn and its
    /// sleep must not wait for the next tick.
    private volatile boolean isCalled;

    /// Whether the engine's own thread can write past the lanes, and is left to write what a guest cannot: a
    /// batch that went to lanes would be followed by the next, formed on a lane, and so on.
    private volatile boolean isOwnPortOpen;

    /// Whether the engine's own thread sleeps no longer than a batch is to wait for others.
    private volatile boolean isTimed;

    /// Whether it sleeps long, since nothing was under way.
    private volatile boolean isResting;

    private volatile Throwable death;

    /// Turns of an engine that is yet to be made; what is published waits until {@link #begin}.
    ///
    /// @param onDeath told in a turn, once, when a bug ended the engine
    /// @param hasPorts whether threads may have ports, since members' files can be written that way
    Turns(Consumer<Throwable> onDeath, boolean hasPorts) {
        this.onDeath = onDeath;
        this.hasPorts = hasPorts;
        requests.addGatingSequences(requestPoller.getSequence());
        completions.addGatingSequences(completionPoller.getSequence());
    }

    /// Begins to take turns.
    ///
    /// @param of the engine
    /// @param name of the engine's own thread
    void begin(Engine of, String name) {
        engine = of;
        thread = new Thread(this::run, name);
        baton.letGo();
        thread.start();
    }

    /// Keeps requests for the engine that is to come; in a turn.
    ///
    /// @param first those that this engine has taken and not begun
    void hold(List<Request> first) {
        held = new ArrayDeque<>(first);
        orders = new ArrayDeque<>();
    }

    /// The engine that came serves, and does what it was asked for; in a turn.
    void goOn() {
        isOrderDue = true;
    }

    /// Ends the turns of this engine, which has nothing under way any more: what is done from now on is the next one's; in a turn.
    void part() {
        ahead = new ArrayDeque<>();
    }

    /// Goes on with another engine; in a turn, after {@link #part}.
    ///
    /// @param next the engine
    void exchange(Engine next) {
        engine = next;
        ArrayDeque<Io> done = ahead;
        ahead = null;
        next.at(System.nanoTime());
        done.forEach(next::completed);
        if (held != null) { // nobody has been refused meanwhile
            ArrayDeque<Request> waiting = held;
            held = null;
            waiting.forEach(next::submit);
        }
    }

    /// Hands over a request, for the next turn of anybody; waits while the ring is full.
    void submit(Request request) {
        if (!requests.hasAvailableCapacity(1)) {
            visit();
        }
        long sequence = requests.next();
        request.submittedNanos = System.nanoTime();
        requests.get(sequence).request = request;
        requests.publish(sequence);
    }

    /// Takes a turn with what was handed over; it may be done when this returns.
    void proceed() {
        visit();
    }

    /// Hands over a command, for the engine's own thread unless a guest comes earlier.
    void command(Runnable command) {
        publish(command, false);
    }

    /// The same, but not for an engine that hands over: what it did would be forgotten with it.
    void order(Runnable order) {
        publish(order, true);
    }

    private void publish(Runnable command, boolean isOrder) {
        long sequence = requests.next();
        RequestEvent event = requests.get(sequence);
        event.command = command;
        event.isOrder = isOrder;
        requests.publish(sequence);
        ring();
    }

    /// Hands over a member operation that is done.
    void completed(Io io) {
        publish(io);
        visit();
    }

    /// Opens a port for the calling thread, which reads from a socket.
    ///
    /// @param socket its descriptor, -1: unknown
    /// @return the port, or null: durable writes go to lanes
    Port openPort(int socket) {
        return hasPorts ? Port.ofReader(this::publish, this::visit, socket) : null;
    }

    private void publish(Io io) {
        long sequence = completions.next();
        completions.get(sequence).io = io;
        completions.publish(sequence);
    }

    /// Calls the engine's own thread: there is something that its turn would find, though no ring has it.
    void ring() {
        isCalled = true;
        doorbell.ring();
    }

    /// Puts off what need not, or must not, be done while others wait for the turn; outside a turn it is
    /// done at once.
    ///
    /// @param action runs once, on this thread
    void afterTurn(Runnable action) {
        if (runner == Thread.currentThread()) {
            afterwards.add(action);
        } else {
            action.run();
        }
    }

    /// {@return what ended the engine, or null}
    Throwable death() {
        return death;
    }

    /// Nothing reaches the engine any more: requests that come are refused, by whoever brings them, and what is
    /// done is forgotten. Returns when nobody is in the engine, or after ten seconds.
    void halt() {
        isHalted = true;
        doorbell.ring();
        try {
            thread.join(10_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// {@return whether {@link #halt} was called}
    boolean isHalted() {
        return isHalted;
    }

    private boolean hasNews() {
        return completions.getCursor() > completionPoller.getSequence().get()
                || requests.getCursor() > requestPoller.getSequence().get();
    }

    private void visit() {
        List<Runnable> after = AFTERWARDS.get();
        for (int turn = 0; turn < GUEST_TURNS; turn++) {
            if (!baton.tryTake()) {
                return; // whoever has it looks for news after letting go
            }
            enter(after);
            boolean isForOwner;
            try {
                tellTime();
                poll(GUEST_EVENTS);
                isForOwner = death != null || isHalted;
                if (!isForOwner && ahead == null) {
                    boolean mayWrite = !isOwnPortOpen || Port.current() != null;
                    isForOwner =
                            !engine.commit(mayWrite)
                                    || engine.isStepDue()
                                    || !isTimed && engine.waitNanos() > 0
                                    || isResting && !engine.isAtRest();
                }
            } catch (RuntimeException | Error e) {
                die(e);
                isForOwner = true;
            }
            leave(after);
            if (isForOwner) {
                ring();
                return;
            }
            if (!hasNews()) {
                return;
            }
        }
        ring();
    }

    private void run() {
        List<Runnable> after = AFTERWARDS.get();
        Doorbell.Look look = () -> isHalted || isCalled || hasNews();
        Port port = hasPorts ? Port.ofEngine(this::publish) : null;
        doorbell.sleepBy(port);
        isOwnPortOpen = port != null;
        while (!isHalted) {
            isCalled = false;
            if (port != null) {
                port.look();
            }
            take();
            enter(after);
            boolean any;
            long waitNanos = 0;
            long jobNanos = 0;
            long tickNanos = TICK_NANOS;
            try {
                tellTime();
                any = poll(Integer.MAX_VALUE);
                if (death == null && ahead == null) {
                    any |= engine.step(System.nanoTime());
                    waitNanos = engine.waitNanos();
                    jobNanos = engine.jobWaitNanos();
                    tickNanos = engine.isAtRest() ? REST_NANOS : TICK_NANOS;
                }
            } catch (RuntimeException | Error e) {
                die(e);
                any = true;
            }
            leave(after);
            if (!any) {
                isTimed = waitNanos > 0;
                isResting = tickNanos == REST_NANOS;
                long nanos = jobNanos > 0 ? Math.min(jobNanos, tickNanos) : tickNanos;
                doorbell.await(look, isTimed ? Math.min(waitNanos, nanos) : nanos);
                isTimed = false;
                isResting = false;
            }
        }
        if (port != null) {
            isOwnPortOpen = false;
            doorbell.sleepBy(null);
            port.close();
        }
        take(); // whoever is in the engine has come out; who comes now finds it halted
        enter(after);
        poll(Integer.MAX_VALUE);
        refuseHeld(Request.Outcome.SHUTDOWN);
        leave(after);
    }

    private void tellTime() {
        if (ahead == null) {
            engine.at(System.nanoTime());
        }
    }

    private void take() {
        int spins = 0;
        while (!baton.tryTake()) {
            if (++spins < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(this, PAUSE_NANOS);
            }
        }
    }

    private void enter(List<Runnable> after) {
        afterwards = after;
        runner = Thread.currentThread();
    }

    private void leave(List<Runnable> after) {
        afterwards = null;
        runner = null;
        baton.letGo();
        Port port = Port.current();
        if (port != null) {
            port.submit();
        }
        for (int i = 0; i < after.size(); i++) {
            after.get(i).run();
        }
        after.clear();
    }

    private void die(Throwable cause) {
        if (death == null) {
            death = cause;
            onDeath.accept(cause);
            refuseHeld(Request.Outcome.IO_ERROR);
        }
    }

    private void refuseHeld(Request.Outcome outcome) {
        if (held != null) {
            held.forEach(each -> each.complete(outcome));
            held = null;
        }
    }

    /// Takes up to so many events from each ring.
    private boolean poll(int most) {
        eventsLeft = most;
        boolean any = poll(completionPoller, onCompletion);
        eventsLeft = most;
        any |= poll(requestPoller, onRequest);
        return any | followOrders();
    }

    private boolean followOrders() {
        if (orders == null || !isOrderDue && death == null) {
            return false;
        }
        ArrayDeque<Runnable> due = orders;
        orders = null;
        isOrderDue = false;
        if (!isHalted) {
            due.forEach(Runnable::run);
        }
        return true;
    }

    private static <T> boolean poll(EventPoller<T> poller, EventPoller.Handler<T> handler) {
        try {
            return poller.poll(handler) == EventPoller.PollState.PROCESSING;
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private final EventPoller.Handler<CompletionEvent> onCompletion =
            (event, sequence, endOfBatch) -> {
                Io io = event.io;
                event.io = null;
                if (io != null && ahead != null) {
                    ahead.addLast(io);
                } else if (io != null && death == null && !isHalted) {
                    engine.completed(io);
                }
                return --eventsLeft > 0;
            };

    private final EventPoller.Handler<RequestEvent> onRequest =
            (event, sequence, endOfBatch) -> {
                Request request = event.request;
                Runnable command = event.command;
                event.request = null;
                event.command = null;
                if (command != null && event.isOrder && orders != null && death == null) {
                    orders.addLast(command);
                } else if (command != null) {
                    if (!isHalted) {
                        command.run();
                    }
                } else if (request == null) {
                    return true; // it was this one in which a bug was met
                } else if (isHalted) {
                    request.complete(Request.Outcome.SHUTDOWN);
                } else if (death == null && held != null) {
                    held.addLast(request);
                } else if (death == null) {
                    engine.submit(request);
                } else {
                    request.complete(Request.Outcome.IO_ERROR);
                }
                return --eventsLeft > 0;
            };
}
