package io.quoin.fuzz;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What `.ci/fuzz` runs. As a program it writes seeds as files, or replays files; Jazzer calls the
/// other two methods, by their names.
public final class FuzzMain {
    private static FuzzCheck check;

    private FuzzMain() {}

    private static FuzzTarget load(String className) throws ReflectiveOperationException {
        return (FuzzTarget) Class.forName(className).getDeclaredConstructor().newInstance();
    }

    /// `seeds CLASS FOLDER` writes the seeds; `replay CLASS FILE...` runs inputs one by one, and the
    /// first finding is thrown.
    ///
    /// @param args see above
    /// @throws Throwable a finding
    public static void main(String[] args) throws Throwable {
        FuzzTarget target = load(args[1]);
        if (args[0].equals("seeds")) {
            List<byte[]> seeds = target.seeds();
            for (int i = 0; i < seeds.size(); i++) {
                Files.write(Path.of(args[2], "seed-" + i), seeds.get(i));
            }
            return;
        }
        FuzzCheck each = new FuzzCheck(target, false);
        for (int i = 2; i < args.length; i++) {
            each.run(Files.readAllBytes(Path.of(args[i])));
            System.out.println(args[i] + ": nothing found");
        }
    }

    /// Called by Jazzer once.
    ///
    /// @param args name of the target's class
    /// @throws ReflectiveOperationException when there is no such target
    public static void fuzzerInitialize(String[] args) throws ReflectiveOperationException {
        check = new FuzzCheck(load(args[0]), false);
    }

    /// Called by Jazzer for each input.
    ///
    /// @param input bytes
    /// @throws Throwable a finding
    public static void fuzzerTestOneInput(byte[] input) throws Throwable {
        check.run(input);
    }
}
