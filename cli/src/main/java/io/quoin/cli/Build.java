package io.quoin.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;
import picocli.CommandLine.IVersionProvider;

/// What the build knows about itself: `build.properties`, filled in by Maven.
final class Build implements IVersionProvider {
    private static final String RESOURCE = "build.properties";

    /// {@return Quoin's version, for example `0.1.0`}
    static String version() {
        Properties properties = new Properties();
        try (InputStream in = Build.class.getResourceAsStream(RESOURCE)) {
            assert in != null : RESOURCE;
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }

    /// {@return the Java that runs this, for example `25.0.3+9-LTS`}
    static String java() {
        return Runtime.version().toString();
    }

    /// {@return system and processor, for example `Linux amd64`}
    static String platform() {
        return System.getProperty("os.name") + " " + System.getProperty("os.arch");
    }

    @Override
    public String[] getVersion() {
        return new String[] {"quoin " + version() + " (Java " + java() + ", " + platform() + ")"};
    }
}
