/// From files to a volume: creation, assembly in any order of paths, and what can be said of members
/// without a daemon. Blocking; nothing here runs while a volume serves.
package io.quoin.volume.assembly;
