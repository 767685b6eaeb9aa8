import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** A small business service: the JDK's HTTP server on the address that the platform gives. */
public final class Server {
  private static String env(String name, String fallback) {
    String value = System.getenv(name);
    return value == null ? fallback : value;
  }

  private static synchronized void say(String text) {
    System.out.println(Instant.now() + " java " + text);
  }

  public static void main(String[] arguments) throws IOException {
    String host = env("SGRID_TARGET_HOST", "127.0.0.1");
    int port = Integer.parseInt(env("SGRID_TARGET_PORT", "0"));
    String version = Files.readString(Path.of(env("SGRID_PACKAGE_DIR", "."), "VERSION")).trim();
    long pid = ProcessHandle.current().pid();
    AtomicLong served = new AtomicLong();

    HttpServer server = HttpServer.create(new InetSocketAddress(host, port), 64);
    server.createContext("/", exchange -> {
      byte[] body = ("java " + version + " pid " + pid + "\n").getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "text/plain");
      exchange.sendResponseHeaders(200, body.length);
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(body);
      }
      served.incrementAndGet();
      say(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " 200");
    });
    server.start();
    say("version " + version + " listens on " + host + ":" + port + ", pid " + pid);

    var heartbeat = Executors.newSingleThreadScheduledExecutor();
    heartbeat.scheduleAtFixedRate(() -> say("alive, " + served.get() + " served"), 0, 1, TimeUnit.SECONDS);
    // The JVM exits with 143 after a SIGTERM whatever the hook does; halting makes the clean end visible as 0.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      say("SIGTERM: closing");
      server.stop(0);
      Runtime.getRuntime().halt(0);
    }));
  }
}
