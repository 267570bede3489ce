/// What a volume counts and tells: single-writer counters in memory that another process may read,
/// and events in the operators' words.
package io.quoin.volume.counter;
