/// A volume: where bytes go, and what is true after a crash.
package io.quoin.volume;
