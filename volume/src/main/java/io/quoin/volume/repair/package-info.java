/// Scrub, rebuild, and the check of what is near damage: a pipeline over info groups of 32 rows, on a Disruptor ring.
///
/// ```
///            ring of tasks (claimed by the engine, published when read)
/// engine: lock group, read all slots --> verify --> reconstruct --> engine: write, flush, read back
///                                        (agent)    (agent)           --> info, cursor, unlock
///                                                                     --> checkpoint: durable cursor
/// ```
///
/// Verify and reconstruct are agents on threads of their own in production; the simulator steps them
/// as its seed says. A job's cursor moves in order and becomes durable with the checkpoint that makes
/// the info below it durable, so that a crash goes on where that was. What is near damage has no cursor: a crash forgets it.
package io.quoin.volume.repair;
