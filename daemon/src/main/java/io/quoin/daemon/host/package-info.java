/// The volumes of this daemon: which are served, from which members, under which names, and what is
/// remembered of them.
///
/// ```
/// Settings, state directory, commands -> VolumeHost -> Volume.open -> NbdServer.register
///                                           |-> FileWitness, CountersFile, EventLog
/// ```
///
/// Promised: one volume's trouble is its own; a file is never opened twice by this process, because
/// closing the second descriptor would drop the lock of the first; what is to be served after a
/// restart is on stable storage before a command is answered.
package io.quoin.daemon.host;
