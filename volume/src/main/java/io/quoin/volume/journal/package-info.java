/// The replicated write-ahead log: group commit while the previous batch is in flight, the same bytes
/// on m + 1 members, acknowledged in order.
///
/// ```
/// append(op) ... -> batch (idle, 1 MiB or 90 records) -> one durable write per copy
///   -> all copies done and still in sync -> commitSequence -> committed(op) in order
/// ```
///
/// It promises: what is committed is found by {@link io.quoin.volume.journal.JournalScan} after any
/// crash and the loss of any m members. It assumes that somebody moves the tail.
package io.quoin.volume.journal;
