/// What the daemon tells the outside about itself: the service manager, the log, a ring of the last
/// events, and counters in a mapped file.
///
/// ```
/// engine's turn -> EventLog.sink -> queue -> events thread -> log lines (stderr)
///                                                       \-> ring, for `quoin events`
/// engine's turn -> CountersFile (mapped) <- any process
/// ```
///
/// Promised: nobody who reports ever waits for who listens. An event that finds the queue full is
/// counted, and the count is logged.
package io.quoin.daemon.observe;
