/// Rows at home: the protection info that says what each block should be, read from all slots and
/// compared with each other, and the resolution of a row's bytes against it.
///
/// {@link io.quoin.volume.row.InfoGroup} holds the info of 32 rows and is their lock: whoever changes
/// a row's home, or must see all of it unchanged, holds its group.
package io.quoin.volume.row;
