/// First aid for flipped bits: an extended Hamming code per 512-byte sector, corrected without touching another member.
///
/// Promises that every single flipped bit is located and every two are refused. Three mostly look like one: whoever applies a
/// correction lets the guards arbitrate it, and undoes it when they disagree. The default CRC16 passes one in 2^15 (it
/// sees every odd number of flipped bits, and a false correction makes three into four); the CRC-32C has the last word where
/// there is one.
package io.quoin.codec.hamming;
