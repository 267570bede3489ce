/// The frames of NBD, the network block device protocol: what a server and a client say to each
/// other, byte by byte, and nothing of how the bytes travel.
///
/// ```
/// server                             client
///   Greeting               ->
///                          <-  client flags (HandshakeFlag)
///                          <-  OptionHeader + data          haggling, once per option
///   OptionReplyHeader + data ->
///                          <-  RequestHeader [+ payload]    transmission, many in flight
///   SimpleReply [+ data]   ->
///   ReplyChunk [+ data]    ->                               when structured replies were agreed
/// ```
///
/// All numbers are big-endian and unsigned; a 64-bit offset that reads negative in Java is beyond
/// any export. A frame is written at a buffer's position and read at an absolute index, and both
/// leave nothing on the heap. The readers assume that the bytes are there and check nothing else:
/// what a field may hold is decided by the session that knows what was negotiated.
///
/// Source: NetworkBlockDevice/nbd, `doc/proto.md`, whose names the constants carry.
package io.quoin.codec.nbd;
