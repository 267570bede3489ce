/// Carries acknowledged blocks home, and the journal's tail after them.
///
/// ```
/// oldest dirty rows -> lock -> gather (read + verify) -> encode -> INTENT (journal, committed)
///   -> home writes -> flush -> info groups -> clean
/// info groups -> area A -> flush -> area B -> flush -> superblocks -> tail
/// ```
package io.quoin.volume.destage;
