package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class ConfirmationTest {
    private static final String CONSEQUENCE = "Member m2 of volume orders will be overwritten.";

    @Command(name = "wipe")
    private static final class Wipe extends QuoinCommand {
        @Mixin private Confirmation confirmation;
        private boolean isDone;

        @Override
        ExitCode run(Output output) throws Exception {
            confirmation.require(output, CONSEQUENCE, "volume", "orders");
            isDone = true;
            return ExitCode.OK;
        }
    }

    private final Wipe wipe = new Wipe();

    private int run(Screen screen, String... arguments) {
        CommandLine line = Main.commandLine(screen.terminal());
        line.addSubcommand(wipe);
        return Main.run(line, arguments);
    }

    @Test
    void goesOnWhenTheNameIsTyped() {
        Screen screen = Screen.ofPerson("orders\n");
        assertThat(run(screen, "wipe")).isZero();
        assertThat(wipe.isDone).isTrue();
        assertThat(screen.err()).isEqualTo(CONSEQUENCE + "\nType the volume's name to go on: ");
    }

    @Test
    void refusesAnotherName() {
        Screen screen = Screen.ofPerson("yes\n");
        assertThat(run(screen, "wipe")).isEqualTo(ExitCode.FAILED.number());
        assertThat(wipe.isDone).isFalse();
        assertThat(screen.err())
                .endsWith(
                        "quoin: not confirmed: expected \"orders\", was \"yes\". Nothing was changed.\n");
    }

    @Test
    void refusesWhenThePersonLeaves() {
        Screen screen = Screen.ofPerson("");
        assertThat(run(screen, "wipe")).isEqualTo(ExitCode.FAILED.number());
        assertThat(wipe.isDone).isFalse();
    }

    @Test
    void refusesWhenNobodyCanAnswer() {
        Screen screen = Screen.ofPipe();
        assertThat(run(screen, "wipe")).isEqualTo(ExitCode.FAILED.number());
        assertThat(wipe.isDone).isFalse();
        assertThat(screen.err()).contains("repeat with --yes").hasLineCount(1);
    }

    @Test
    void asksNothingWithYes() {
        Screen screen = Screen.ofPipe();
        assertThat(run(screen, "wipe", "--yes")).isZero();
        assertThat(wipe.isDone).isTrue();
        assertThat(screen.err()).isEmpty();
    }

    @Test
    void asksOnStandardErrorSoThatResultsStayClean() {
        Screen screen = Screen.ofPerson("other\n");
        assertThatThrownBy(() ->
                        new Confirmation()
                                .require(screen.output(), CONSEQUENCE, "volume", "orders"))
                .isInstanceOf(CommandFailure.class);
        assertThat(screen.out()).isEmpty();
    }
}
