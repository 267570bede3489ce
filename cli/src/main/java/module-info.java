/// The quoin command.
module io.quoin.cli {
    requires io.quoin.daemon;
    requires info.picocli;
}
