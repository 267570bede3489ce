/// Requests and their memory, on the way into a volume.
package io.quoin.volume.intake;
