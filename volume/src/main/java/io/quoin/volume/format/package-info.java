/// What lies on a member, byte by byte, little-endian: superblock, journal batch, protection info.
/// `docs/format.md` is the reference for readers; the golden dumps in the tests keep both honest.
package io.quoin.volume.format;
