/// What can be had of a volume from whatever is left of its members, by reading alone.
///
/// ```
/// files -> Salvage: who is who -> what is left of the journal -> the engine's own redo and decoding, their writes in memory only
///   -> each block: good, decoded, from the journal, empty; unconfirmed, or lost
/// ```
///
/// It promises that nothing is written to a member, and that a block is right, or listed as unconfirmed or lost. It assumes that
/// nobody else writes to the members meanwhile; who cannot be sure says so, and then nothing counts as confirmed.
package io.quoin.volume.rescue;
