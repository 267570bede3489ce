package io.quoin.daemon;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonWriter;
import io.quoin.daemon.config.ConfigException;
import io.quoin.daemon.config.Options;
import io.quoin.daemon.observe.LogLines;
import io.quoin.daemon.observe.ServiceNotifier;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.fault.Plant;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;

/// `quoind`: serves until SIGTERM or SIGINT, then stops in order and ends with 0.
///
/// Exit codes: 0 stopped in order, 1 refused or failed, 2 usage.
public final class Main {
    private static final System.Logger LOG = System.getLogger("io.quoin.daemon");
    private static final int FAILED = 1;
    private static final int USAGE = 2;

    private Main() {}

    /// Runs the daemon.
    ///
    /// @param arguments see {@link Options#HELP}
    public static void main(String[] arguments) {
        List<String> given = List.of(arguments);
        if (given.contains("-h") || given.contains("--help")) {
            System.out.print(Options.HELP);
            return;
        }
        if (given.contains("-V") || given.contains("--version")) {
            System.out.println("quoind " + version() + " (Java " + Runtime.version() + ")");
            return;
        }
        LogLines.showFrom(System.Logger.Level.INFO);
        Thread.setDefaultUncaughtExceptionHandler((thread, thrown) ->
                LOG.log(
                        System.Logger.Level.ERROR,
                        "thread " + thread.getName() + " ended by a bug",
                        thrown));
        Options options;
        try {
            options = Options.parse(arguments);
        } catch (ConfigException e) {
            System.err.println("quoind: " + e.getMessage());
            System.exit(USAGE);
            return;
        }
        try {
            new KernelWarmer().start();
        } catch (IllegalStateException e) {
            System.err.println("quoind: " + e.getMessage());
            System.exit(FAILED);
            return;
        }
        if (!plant(System.getProperty(Plant.PROPERTY))) {
            System.exit(USAGE);
            return;
        }
        Daemon daemon;
        try {
            daemon = new Daemon(options.settings(), new ServiceNotifier(System.getenv()));
        } catch (ConfigException e) {
            System.err.println("quoind: " + e.getMessage());
            System.exit(FAILED);
            return;
        }
        CountDownLatch forever = new CountDownLatch(1);
        Thread hook = new Thread(() -> stop(daemon), "stop");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            daemon.start(version());
        } catch (ConfigException | VolumeException | IOException e) {
            if (Runtime.getRuntime().removeShutdownHook(hook)) {
                daemon.close();
                System.err.println("quoind: " + e.getMessage());
                System.exit(FAILED);
            }
        }
        if (options.isJson()) {
            System.out.println(JsonWriter.string(ready(daemon, options)));
        }
        try {
            forever.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean plant(String name) {
        if (name == null) {
            return true;
        }
        for (Plant each : Plant.values()) {
            if (each.name().equals(name)) {
                Plant.set(each);
                LOG.log(
                        System.Logger.Level.WARNING,
                        "THE BUG "
                                + each
                                + " IS PLANTED (-D"
                                + Plant.PROPERTY
                                + "): nothing is safe here");
                return true;
            }
        }
        System.err.println(
                "quoind: -D"
                        + Plant.PROPERTY
                        + ": expected the name of a bug that can be planted, such as "
                        + Plant.READ_UNVERIFIED
                        + ", was \""
                        + name
                        + "\"");
        return false;
    }

    // A JVM that ends by a signal says 128 + its number; an orderly stop is no failure, and says 0.
    private static void stop(Daemon daemon) {
        int code = 0;
        try {
            daemon.close();
        } catch (RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "stopping failed by a bug", e);
            code = FAILED;
        }
        System.err.flush();
        Runtime.getRuntime().halt(code);
    }

    private static String metrics(SocketAddress address) {
        return "http:/" + address.toString().replaceFirst("^[^/]*", "") + "/metrics";
    }

    private static JsonObject ready(Daemon daemon, Options options) {
        JsonObject json = new JsonObject();
        json.put("ready", true);
        json.put("pid", ProcessHandle.current().pid());
        json.put("control", options.settings().controlSocket().toString());
        daemon.metricsAddress().ifPresent(address -> json.put("metrics", metrics(address)));
        JsonArray listen = new JsonArray();
        for (SocketAddress address : daemon.addresses()) {
            listen.add(address.toString());
        }
        json.put("listen", listen);
        JsonArray volumes = new JsonArray();
        daemon.host().volumes().forEach(each -> volumes.add(each.name()));
        json.put("volumes", volumes);
        JsonArray unserved = new JsonArray();
        daemon.host().unserved().forEach((name, reason) -> unserved.add(name + ": " + reason));
        json.put("unserved", unserved);
        return json;
    }

    private static String version() {
        Properties properties = new Properties();
        try (InputStream in = Main.class.getResourceAsStream("build.properties")) {
            assert in != null : "build.properties";
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }
}
