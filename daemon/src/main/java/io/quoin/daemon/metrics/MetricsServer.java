package io.quoin.daemon.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// Serves metrics over HTTP: `GET /metrics`, and nothing else. Read-only; a client that is slow or says nothing is let go of after some
/// seconds, and holds nobody up but others that ask for metrics.
public final class MetricsServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(MetricsServer.class.getName());
    private static final int BACKLOG = 16;
    private static final int THREADS = 2;
    private static final String PATH = "/metrics";
    private static final int OK = 200;
    private static final int NOT_FOUND = 404;
    private static final int NOT_ALLOWED = 405;
    private static final int FAILED = 500;

    static {
        // Read when the server's class is first used; seconds, and how many.
        limit("sun.net.httpserver.maxReqTime", "5");
        limit("sun.net.httpserver.maxRspTime", "10");
        limit("sun.net.httpserver.idleInterval", "30");
        limit("jdk.httpserver.maxConnections", "32");
    }

    private final HttpServer server;
    private final ExecutorService threads;
    private final Metrics metrics;

    private MetricsServer(HttpServer server, ExecutorService threads, Metrics metrics) {
        this.server = server;
        this.threads = threads;
        this.metrics = metrics;
    }

    private static void limit(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    /// Begins to serve.
    ///
    /// @param address where; port 0: any that is free
    /// @param metrics what
    /// @return the server
    /// @throws IOException naming the address that cannot be had
    public static MetricsServer open(InetSocketAddress address, Metrics metrics)
            throws IOException {
        HttpServer http;
        try {
            http = HttpServer.create(address, BACKLOG);
        } catch (IOException e) {
            throw new IOException("metrics at " + address + ": " + e.getMessage(), e);
        }
        ExecutorService threads =
                Executors.newFixedThreadPool(
                        THREADS,
                        work -> {
                            Thread thread = new Thread(work, "metrics");
                            thread.setDaemon(true);
                            return thread;
                        });
        MetricsServer server = new MetricsServer(http, threads, metrics);
        http.setExecutor(threads);
        http.createContext("/", server::answer);
        http.start();
        return server;
    }

    /// {@return where it serves}
    public InetSocketAddress address() {
        return server.getAddress();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            boolean isHead = method.equals("HEAD");
            if (!exchange.getRequestURI().getPath().equals(PATH)) {
                say(
                        exchange,
                        NOT_FOUND,
                        "quoind: metrics are at " + PATH + "; there is nothing else here\n");
            } else if (!isHead && !method.equals("GET")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                say(exchange, NOT_ALLOWED, PATH + ": expected GET or HEAD, was " + method + "\n");
            } else {
                metrics(exchange, isHead);
            }
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "metrics: an answer failed", e);
            say(exchange, FAILED, "metrics: " + e + "\n");
        }
    }

    private void metrics(HttpExchange exchange, boolean isHead) throws IOException {
        Metrics.Format format = Metrics.Format.of(exchange.getRequestHeaders().getFirst("Accept"));
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        metrics.write(format, body);
        exchange.getResponseHeaders().set("Content-Type", format.contentType());
        exchange.sendResponseHeaders(OK, isHead ? -1 : body.size());
        if (!isHead) {
            body.writeTo(exchange.getResponseBody());
        }
    }

    private static void say(HttpExchange exchange, int code, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        boolean isHead = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(code, isHead ? -1 : body.length);
        if (!isHead) {
            exchange.getResponseBody().write(body);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
