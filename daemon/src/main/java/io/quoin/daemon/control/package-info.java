/// The control socket: one JSON object a line in, one a line out.
///
/// ```
/// ControlServer (accepts; a virtual thread each) -> Commands -> VolumeHost, EventLog
///      request line -> JSON -> Fields (checked) -> answer -> JSON -> answer line
/// ```
///
/// Promised: whatever is sent, the answer is `{"ok":true,...}` or `{"ok":false,"error":"..."}` and the
/// daemon lives on; what a client can make it hold is bounded. Protocol: docs/operating.md.
package io.quoin.daemon.control;
