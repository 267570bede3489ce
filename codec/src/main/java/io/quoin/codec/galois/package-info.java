/// Algebra over GF(2^8), polynomial 0x11D: elements and small matrices. Hidden from other modules.
///
/// Promises exact results, computed once per erasure pattern and then cached by the caller; nothing here touches a block.
/// Assumes elements are given as ints 0 to 255.
package io.quoin.codec.galois;
