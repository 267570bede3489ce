/// Parity blocks, and lost blocks recomputed from them.
///
/// ```
/// k data blocks --encode--> m parity blocks          any k of the n = k + m give back
/// any k blocks  --reconstruct--> the wanted ones     all the others, byte for byte
/// ```
///
/// Promises that the code is MDS (any m of n may be lost), that the parities of m are the first ones of m + 1, and that
/// zeros encode to zeros. Assumes that the present blocks are right: nothing is checked while reconstructing, so blocks are
/// verified by their guards before they come here.
package io.quoin.codec.parity;
