package io.quoin.daemon.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServiceNotifierTest {
    @TempDir Path folder;

    @Test
    void everyMessageArrivesAtASocketWithAPath() throws Exception {
        expectMessagesAt(folder.resolve("notify").toString());
    }

    @Test
    void everyMessageArrivesAtAnAbstractSocket() throws Exception {
        expectMessagesAt("@quoin-test-" + ProcessHandle.current().pid());
    }

    private static void expectMessagesAt(String address) throws Exception {
        try (DatagramSocket receiver = new DatagramSocket();
                ServiceNotifier notifier = new ServiceNotifier(Map.of("NOTIFY_SOCKET", address))) {
            receiver.bind(address);
            notifier.ready();
            notifier.status("2 volumes\noptimal");
            notifier.alive();
            notifier.stopping();
            assertThat(receiver.receive()).isEqualTo("READY=1");
            assertThat(receiver.receive()).isEqualTo("STATUS=2 volumes optimal");
            assertThat(receiver.receive()).isEqualTo("WATCHDOG=1");
            assertThat(receiver.receive()).isEqualTo("STOPPING=1");
            assertThatThrownBy(receiver::receive).hasMessageContaining("recv");
        }
    }

    @Test
    void withoutAServiceManagerNothingHappens() {
        try (ServiceNotifier notifier = new ServiceNotifier(Map.of())) {
            notifier.ready();
            notifier.stopping();
            assertThat(notifier.watchdogPeriod()).isEmpty();
        }
    }

    @Test
    void aServiceManagerThatIsGoneDoesNotHurt() {
        String address = folder.resolve("nobody").toString();
        try (ServiceNotifier notifier = new ServiceNotifier(Map.of("NOTIFY_SOCKET", address))) {
            notifier.ready();
        }
        try (ServiceNotifier notifier = new ServiceNotifier(Map.of("NOTIFY_SOCKET", "vsock:2:1"))) {
            notifier.ready();
        }
    }

    @Test
    void theWatchdogIsOursOnlyWhenItNamesUs() {
        String pid = Long.toString(ProcessHandle.current().pid());
        assertThat(period(Map.of("WATCHDOG_USEC", "3000000"))).isEqualTo(Duration.ofSeconds(3));
        assertThat(period(Map.of("WATCHDOG_USEC", "3000000", "WATCHDOG_PID", pid)))
                .isEqualTo(Duration.ofSeconds(3));
        assertThat(period(Map.of("WATCHDOG_USEC", "3000000", "WATCHDOG_PID", "1"))).isNull();
        assertThat(period(Map.of("WATCHDOG_USEC", "soon"))).isNull();
        assertThat(period(Map.of("WATCHDOG_USEC", "0"))).isNull();
    }

    private static Duration period(Map<String, String> environment) {
        try (ServiceNotifier notifier = new ServiceNotifier(environment)) {
            return notifier.watchdogPeriod().orElse(null);
        }
    }
}
