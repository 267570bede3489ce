/// What the daemon is told: the settings file, the command line, and what it remembers itself.
///
/// ```
/// defaults <- /etc/quoin/quoind.toml <- options of the command line      (the right one wins)
///                                    \-> Settings, checked as a whole
/// state directory: quoind.lock, witness, volumes/NAME.toml, counters/NAME
/// ```
///
/// Promised: nothing unknown or contradictory is accepted; every refusal names file and line, or the
/// option, with what was expected and what was found. What is written here is on stable storage when
/// the call returns, and a crash leaves the old content or the new.
package io.quoin.daemon.config;
