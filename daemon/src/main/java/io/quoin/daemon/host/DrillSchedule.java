package io.quoin.daemon.host;

import io.quoin.daemon.config.Recurrence;
import io.quoin.volume.assembly.VolumeException;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalTime;
import java.util.Collection;
import java.util.function.Supplier;

/// Starts drills, of spares or of volumes, when they are due, one after the other. What never was drilled is due. What failed
/// is due again after an hour, not after days: the daemon may have been paused, or a
/// cable unplugged for a minute, and a spare that failed goes last until it has passed. That too begins only within the hours that
/// are set, and not at all when drills are switched off.
///
/// Its own thread looks once a minute, for the first time when the daemon has run for one: who lost a member while it was
/// down goes first.
public final class DrillSchedule implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(DrillSchedule.class.getName());
    private static final long REPEAT_MILLIS = Duration.ofHours(1).toMillis();

    /// A spare or volume as far as the schedule is concerned.
    interface Drilled {
        /// {@return what it is, for the log}
        String name();

        /// {@return when it was drilled last, wall clock; 0: never}
        long lastMillis();

        /// {@return whether it failed the last one}
        boolean hasFailed();

        /// Drills it, and waits for that.
        ///
        /// @throws VolumeException when it cannot be drilled now
        void drill() throws VolumeException;
    }

    private final Recurrence settings;
    private final Clock clock;
    private final Supplier<? extends Collection<? extends Drilled>> drilled;
    private final Periodic looks;

    /// A schedule that waits to be started.
    ///
    /// @param name of its thread
    /// @param settings when
    /// @param clock the host's time
    /// @param drilled what is drilled
    DrillSchedule(
            String name,
            Recurrence settings,
            Clock clock,
            Supplier<? extends Collection<? extends Drilled>> drilled) {
        this.settings = settings;
        this.clock = clock;
        this.drilled = drilled;
        looks = new Periodic(name, Duration.ofMinutes(1), false, this::look);
    }

    /// Begins to look.
    public void start() {
        if (settings.everyDays() > 0) {
            looks.start();
        }
    }

    /// Drills what is due.
    void look() {
        for (Drilled each : drilled.get()) {
            if (looks.isClosed() || !settings.isOpen(LocalTime.now(clock))) {
                return;
            }
            try {
                if (isDue(each)) {
                    each.drill();
                }
            } catch (VolumeException e) {
                LOG.log(
                        System.Logger.Level.INFO,
                        each.name() + ": no drill on schedule: " + e.getMessage());
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.ERROR, each.name() + ": a bug", e);
            }
        }
    }

    private boolean isDue(Drilled each) {
        if (settings.isDue(each.lastMillis(), clock)) {
            return true;
        }
        long age = Math.abs(clock.millis() - each.lastMillis());
        return settings.everyDays() > 0 && each.hasFailed() && age >= REPEAT_MILLIS;
    }

    /// Starts no more drills.
    @Override
    public void close() {
        looks.close();
    }
}
