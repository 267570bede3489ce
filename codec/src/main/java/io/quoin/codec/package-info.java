/// The module's front door: {@link io.quoin.codec.KernelSelfTest}, run by a daemon before it trusts this machine's kernels.
///
/// The work is in the packages below it: `guard`, `hamming`, `parity` and `nbd`.
package io.quoin.codec;
