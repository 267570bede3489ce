/// Planted bugs: switches that break one rule of the engine each, for showing that the tests would
/// notice. All are off in production; the simulator turns one on at a time.
package io.quoin.volume.fault;
