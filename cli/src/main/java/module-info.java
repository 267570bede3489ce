/// The quoin command: asks the daemon, opens members offline, and builds the distribution.
module io.quoin.cli {
    requires io.quoin.daemon;
    requires info.picocli;
    requires com.grack.nanojson;

    // Picocli sets the fields of commands by reflection.
    opens io.quoin.cli to
            info.picocli;
}
