package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.volume.remote.MemberAddress;

/// A member as operators point at it: by its slot, or by its address.
final class SlotArgument {
    private SlotArgument() {}

    /// {@return the member's entry in a volume's status}
    ///
    /// @param volume the volume's status
    /// @param typed slot, path or URI
    /// @throws CommandFailure when it is neither
    static JsonObject find(JsonObject volume, String typed) throws CommandFailure {
        JsonArray members = volume.getArray("members");
        if (typed.matches("\\d{1,9}")) {
            int slot = Integer.parseInt(typed);
            if (slot < members.size()) {
                return members.getObject(slot);
            }
        } else {
            String path = address(typed).absolute().toString();
            for (Object each : members) {
                if (path.equals(((JsonObject) each).getString("path"))) {
                    return (JsonObject) each;
                }
            }
        }
        throw CommandFailure.failed(
                "volume "
                        + volume.getString("name")
                        + ": expected a slot from 0 to "
                        + (members.size() - 1)
                        + " or the path or URI of a member, was "
                        + typed);
    }

    private static MemberAddress address(String typed) throws CommandFailure {
        try {
            return MemberAddress.parse(typed);
        } catch (IllegalArgumentException e) {
            throw CommandFailure.failed(e.getMessage(), e);
        }
    }
}
