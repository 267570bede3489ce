package io.quoin.volume.member;

/// How an operation on a member ended.
public enum IoResult {
    /// All bytes were moved; a durable write or flush is on stable storage.
    OK,
    /// The device reported an error.
    ERROR,
    /// No space for a write.
    NO_SPACE,
    /// Fewer bytes than asked were there; of a flush, the member is shorter than it was.
    SHORT,
    /// The member is closed.
    CLOSED,
    /// The member did not answer in time; the operation may still reach it, its memory is not touched
    /// any more.
    NO_ANSWER;

    /// {@return whether all went well}
    public boolean isOk() {
        return this == OK;
    }
}
