/// The engine in simulated worlds: disks in memory that fail and lie, a clock that leaps, a client and
/// operators, all from a seed, and a model of what a block device with Quoin's promises may answer.
///
/// ```
/// Simulator -> SimHistories, SimStorm   what happens, by profile
///   SimWorld     engine, clock, crashes, what must hold
///   SimTraffic   operations on their way to a disk and back, late ones too
///   SimDisk      volatile and durable pages; SimFaults: how it lies and fails
///   SimClient    requests, held against SimModel
///   SimOperator  jobs, replacements, healing
/// ```
package io.quoin.volume.sim;
