package io.quoin.cli;

import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/// The `quoin` command line: parses, runs one command, and turns its end into an exit code.
@Command(
        name = "quoin",
        description = "The journal device that does not lose orders.",
        versionProvider = Build.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            CreateCommand.class,
            ServeCommand.class,
            ListCommand.class,
            StatusCommand.class,
            EventsCommand.class,
            CountersCommand.class,
            MetricsCommand.class,
            DoctorCommand.class,
            OpenCommand.class,
            CloseCommand.class,
            AttachCommand.class,
            DetachCommand.class,
            MemberCommand.class,
            SpareCommand.class,
            RebuildCommand.class,
            ScrubCommand.class,
            RateCommand.class,
            GrowCommand.class,
            ReshapeCommand.class,
            ExplainCommand.class,
            DrillCommand.class,
            JobsCommand.class,
            ExamineCommand.class,
            CheckCommand.class,
            RescueCommand.class,
            DemoCommand.class,
            SimulateCommand.class,
            VersionCommand.class,
            HelpCommand.class
        })
public final class Main implements Runnable {
    private final Terminal terminal;

    @Spec private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    private boolean isHelpAsked;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Shows the version.")
    private boolean isVersionAsked;

    private Main(Terminal terminal) {
        this.terminal = terminal;
    }

    /// Runs one command and ends the process with its exit code.
    ///
    /// @param arguments as typed
    public static void main(String[] arguments) {
        System.exit(run(Terminal.system(), arguments));
    }

    /// Runs one command.
    ///
    /// @param terminal the streams
    /// @param arguments as typed
    /// @return the exit code
    static int run(Terminal terminal, String... arguments) {
        return run(commandLine(terminal), arguments);
    }

    /// Runs one command of a command line; tests add commands of their own.
    ///
    /// @param line of [#commandLine]
    /// @param arguments as typed
    /// @return the exit code
    static int run(CommandLine line, String... arguments) {
        Terminal terminal = ((Main) line.getCommandSpec().userObject()).terminal;
        try {
            return line.execute(arguments);
        } catch (Throwable t) {
            // An assertion that failed, a stack that overflowed: picocli passes errors through.
            return explain(t, output(terminal, arguments), terminal).number();
        } finally {
            terminal.out().flush();
            terminal.err().flush();
        }
    }

    /// {@return the parser with all commands, not yet run}
    ///
    /// @param terminal the streams
    static CommandLine commandLine(Terminal terminal) {
        CommandLine line = new CommandLine(new Main(terminal));
        line.registerConverter(MemberAddress.class, Main::address);
        line.addSubcommand("completion", new GenerateCompletion());
        line.setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF));
        line.setOut(terminal.out());
        line.setErr(terminal.err());
        line.setUsageHelpWidth(Math.clamp(terminal.columns(), 80, 120));
        line.getCommandSpec().usageMessage().exitCodeListHeading("%nExit codes:%n");
        line.getCommandSpec().usageMessage().exitCodeList(exitCodes());
        line.getSubcommands()
                .get("completion")
                .getCommandSpec()
                .usageMessage()
                .description("Prints completions for bash and zsh: source <(quoin completion)");
        line.setParameterExceptionHandler((e, arguments) -> {
            output(terminal, arguments).printError(ExitCode.USAGE, usageMessage(e));
            return ExitCode.USAGE.number();
        });
        line.setExecutionExceptionHandler((e, command, parsed) ->
                explain(e, output(terminal, parsed.originalArgs().toArray(String[]::new)), terminal)
                        .number());
        return line;
    }

    private static MemberAddress address(String typed) {
        try {
            return MemberAddress.parse(typed);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }

    Terminal terminal() {
        return terminal;
    }

    /// Without a command there is nothing to do.
    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    private static Map<String, String> exitCodes() {
        Map<String, String> lines = new LinkedHashMap<>();
        for (ExitCode exitCode : ExitCode.values()) {
            lines.put(" " + exitCode.number(), exitCode.meaning());
        }
        return lines;
    }

    private static Output output(Terminal terminal, String... arguments) {
        return new Output(terminal, Arrays.asList(arguments).contains("--json"));
    }

    private static String usageMessage(ParameterException e) {
        StringBuilder message = new StringBuilder(firstLine(e.getMessage()));
        if (e instanceof UnmatchedArgumentException unmatched
                && !unmatched.getSuggestions().isEmpty()) {
            message.append(" (did you mean ")
                    .append(String.join(" or ", unmatched.getSuggestions()))
                    .append("?)");
        }
        return message.append("; see `")
                .append(e.getCommandLine().getCommandSpec().qualifiedName())
                .append(" --help`")
                .toString();
    }

    private static ExitCode explain(Throwable thrown, Output output, Terminal terminal) {
        ExitCode exitCode;
        String message;
        switch (thrown) {
            case CommandFailure failure -> {
                exitCode = failure.exitCode();
                message = failure.getMessage();
            }
            case UncheckedIOException unchecked -> {
                return explain(unchecked.getCause(), output, terminal);
            }
            case AccessDeniedException denied -> {
                exitCode = ExitCode.ENVIRONMENT;
                message = "no permission: " + denied.getFile();
            }
            case IOException failed -> {
                exitCode = ExitCode.FAILED;
                message = ioMessage(failed);
            }
            // Settings and geometries check themselves, and say field, expectation and value.
            case IllegalArgumentException refused -> {
                exitCode = ExitCode.FAILED;
                message = refused.getMessage();
            }
            case RuntimeException defect -> {
                exitCode = ExitCode.DEFECT;
                message = "defect: " + defect;
            }
            // What is declared is meant for the operator.
            case Exception refused -> {
                exitCode = ExitCode.FAILED;
                message = refused.getMessage();
            }
            default -> {
                exitCode = ExitCode.DEFECT;
                message = "defect: " + thrown;
            }
        }
        if (message == null || message.isBlank()) {
            message = thrown.getClass().getSimpleName();
        }
        output.printError(exitCode, firstLine(message));
        if (exitCode == ExitCode.DEFECT || "1".equals(System.getenv("QUOIN_TRACE"))) {
            thrown.printStackTrace(terminal.err());
        }
        return exitCode;
    }

    private static String ioMessage(IOException e) {
        return switch (e) {
            case NoSuchFileException missing -> "no such file: " + missing.getFile();
            case FileAlreadyExistsException exists -> "exists already: " + exists.getFile();
            case FileSystemException failed when failed.getReason() != null ->
                    failed.getFile() + ": " + failed.getReason();
            default -> e.getMessage();
        };
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }
}
