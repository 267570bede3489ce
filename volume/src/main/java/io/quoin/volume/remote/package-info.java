/// Where members are, and how those of other hosts are reached: {@link io.quoin.volume.remote.MemberAddress} is what operators write,
/// {@link io.quoin.volume.remote.RemoteFile} a member behind an NBD server, over one
/// {@link io.quoin.volume.remote.NbdConnection} with many requests under way.
///
/// The server is not trusted to keep the protocol: every number that it sends is bounded before it is used, and a connection on which
/// something makes no sense ends. It is trusted to have on stable storage what it acknowledged as that, as a disk is.
package io.quoin.volume.remote;
