/// Members: one disk, file or peer each, behind two small interfaces. {@link
/// io.quoin.volume.member.BlockFile} blocks and is used while a volume is created, assembled and
/// recovered; {@link io.quoin.volume.member.MemberIo} is what the running engine uses: it submits,
/// and the completion comes back as an event. A failing disk is a value, not an exception.
package io.quoin.volume.member;
