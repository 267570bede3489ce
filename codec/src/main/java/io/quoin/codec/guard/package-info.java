/// Guards: check values over a block's bytes.
///
/// Promises published algorithms (their check values are tested), results that do not depend on the kernel chosen, and no
/// allocation in steady state. A guard tells that bytes differ from those that were written; it never says which.
///
/// ```
/// block, 4 KiB -> Crc16.sectors -> 8 x u16   one per 512 B: finds every 1- and 2-bit error
///              -> Crc32c.of     -> u32       one per block: random damage passes with 2^-32
///              -> Xxh3.digest   -> u128      one per block, if asked: random damage passes with 2^-128
/// ```
package io.quoin.codec.guard;
