/// Reads: from memory while dirty, else from home, verified; decoded from the other slots when a
/// member is absent or its block is bad, and then put to rights.
package io.quoin.volume.read;
