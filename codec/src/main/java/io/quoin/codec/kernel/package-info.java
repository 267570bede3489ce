/// The loops that touch every byte. Hidden from other modules.
///
/// Each job has a scalar kernel in plain Java and, where it pays, a vector kernel on the Vector API, which may be used in
/// this package only. {@link io.quoin.codec.kernel.Kernels} chooses once, when it is first used, and says why.
///
/// ```
/// guard, hamming, parity -> Kernels -> ScalarXxxKernel
///                                   -> VectorXxxKernel   byte for byte the same results
/// ```
///
/// Promises: no allocation after warm-up, no state that outlives a call except lookup tables, every access checked by the
/// segment it goes to. Assumes: data is in native segments; heap segments backed by `byte[]` work and are slower.
///
/// Vector loops meet native segments only; heap segments go by the scalar kernels. All vector loads of a process share one
/// profile, and once that has seen both kinds of memory every load tests which it is: XOR fell from 132 to 19 GB/s.
///
/// Vector loops are written out by hand and small. Where C2 stops inlining a helper it boxes the vectors, and the same
/// loop runs twenty times slower while every test stays green.
///
/// High nibbles come by a shift of ints and a mask: x86 has no shift of bytes, and what C2 makes of one takes nine
/// instructions. Where a mask chooses what is added, the choice is a blend and the sum stays plain: C2 then merges sums of
/// three into one instruction, which it does not do with masked ones.
package io.quoin.codec.kernel;
