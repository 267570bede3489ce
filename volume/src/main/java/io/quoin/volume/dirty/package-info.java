/// What is newer in memory than at home: every block version that was written and is not yet at its
/// home on the members. Reads look here first; destage empties it, oldest first.
package io.quoin.volume.dirty;
