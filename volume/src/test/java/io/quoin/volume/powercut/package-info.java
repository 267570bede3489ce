/// Power cuts of the production volume, threads and all: each write, flush and acknowledgement of a run on
/// real files is logged in order, and images that a power cut could have left at any point of that log are
/// recovered from.
package io.quoin.volume.powercut;
