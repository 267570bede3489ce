/// Where a block of the volume lies: pure arithmetic between volume blocks, rows, positions and
/// slots. One mapping serves every operation and is a bijection (proven by test over whole small
/// volumes and sampled on large ones).
package io.quoin.volume.geometry;
