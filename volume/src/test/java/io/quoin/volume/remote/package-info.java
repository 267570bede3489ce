/// Members behind servers that keep the protocol, and behind some that do not.
package io.quoin.volume.remote;
