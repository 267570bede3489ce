// commit: makes blocks durable, one after the other or many at the same time, and tells how long each took. For
// benchmarks/compare.
//
//   commit [-c CONNECTIONS] [-d DEPTH] [-s flush|fua] [-r REPEAT] [-b BYTES] [-t SECONDS] [-w WARM] [-n REGION] TARGET
//
// CONNECTIONS x DEPTH committers append to one log of REGION bytes, which begins anew at its end; each writes BYTES, waits until
// they are durable, and writes the next. Durable by a flush after the write's reply, or by one write with FUA. With REPEAT
// each place is written so often before the next. TARGET is the path of an NBD server's Unix socket, or tcp:HOST:PORT, followed by a
// colon and the export's name, or a file, which is opened with O_DIRECT: then each committer is a thread with pwrite and fdatasync, or
// pwritev2 with RWF_DSYNC.
//
// Prints a line of JSON: commits a second, and percentiles in microseconds. Source of the protocol: the NBD project's proto.md.
//
// Build: cc -O2 -pthread -o commit commit.c
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { OPT_GO = 7, REP_ACK = 1, CMD_WRITE = 1, CMD_DISC = 2, CMD_FLUSH = 3, FLAG_FUA = 1, MOST = 1 << 23 };

static int connections = 1, depth = 1, fua, repeat = 1, bytes = 4096, seconds = 4, warm = 1;
static int64_t region = 1 << 29;
static const char *target, *export_name;
static int64_t begin_nanos, end_nanos;
static atomic_long written;
static atomic_int taken;
static float *micros;

static void fail(const char *what) {
    fprintf(stderr, "commit: %s: %s: %s\n", target, what, strerror(errno));
    exit(1);
}
static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
static int64_t place(void) { return atomic_fetch_add(&written, 1) / repeat * bytes % (region / bytes * bytes); }
static void committed(int64_t from) {
    int64_t to = now();
    if (to < begin_nanos || to >= end_nanos) return;
    int at = atomic_fetch_add(&taken, 1);
    if (at < MOST) micros[at] = (to - from) / 1000.0f;
}

static void send_all(int fd, const void *from, size_t length) {
    for (const char *at = from; length > 0;) {
        ssize_t count = write(fd, at, length);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) fail("sending");
        at += count;
        length -= count;
    }
}
static void receive_all(int fd, void *to, size_t length) {
    for (char *at = to; length > 0;) {
        ssize_t count = read(fd, at, length);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) fail("receiving");
        at += count;
        length -= count;
    }
}

struct __attribute__((packed)) option { uint64_t magic; uint32_t option, length; };
struct __attribute__((packed)) answer { uint64_t magic; uint32_t option, type, length; };
struct __attribute__((packed)) request { uint32_t magic; uint16_t flags, type; uint64_t cookie, offset; uint32_t length; };
struct __attribute__((packed)) reply { uint32_t magic, error; uint64_t cookie; };

static int connect_unix(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", target);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connecting");
    return fd;
}

static int connect_tcp(void) {
    char *host = strdup(target + 4), *colon = strrchr(host, ':');
    if (colon == NULL) fail("expected tcp:HOST:PORT");
    *colon = 0;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0) fail("resolving");
    int fd = socket(found->ai_family, SOCK_STREAM, 0), one = 1;
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) < 0) fail("connecting");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    freeaddrinfo(found);
    free(host);
    return fd;
}

static int attach(void) {
    int fd = strncmp(target, "tcp:", 4) == 0 ? connect_tcp() : connect_unix();
    char greeting[18];
    receive_all(fd, greeting, sizeof greeting);
    if (memcmp(greeting, "NBDMAGICIHAVEOPT", 16) != 0) fail("greeting");
    uint32_t flags = htobe32(3), name = strlen(export_name);
    send_all(fd, &flags, 4);
    struct option go = {htobe64(0x49484156454F5054), htobe32(OPT_GO), htobe32(4 + name + 2)};
    send_all(fd, &go, sizeof go);
    uint32_t length = htobe32(name);
    send_all(fd, &length, 4);
    send_all(fd, export_name, name);
    send_all(fd, "\0\0", 2);
    for (;;) {
        struct answer answer;
        receive_all(fd, &answer, sizeof answer);
        char data[4096];
        if (be32toh(answer.length) > sizeof data || be32toh(answer.type) >> 31) fail("no such export");
        receive_all(fd, data, be32toh(answer.length));
        if (be32toh(answer.type) == REP_ACK) return fd;
    }
}

static void *connection(void *unused) {
    (void)unused;
    int fd = attach(), open = depth;
    size_t frame = sizeof(struct request) + bytes;
    char *out = calloc(depth, frame), in[sizeof(struct reply) * 64];
    int64_t *from = calloc(depth, sizeof *from);
    char *flushing = calloc(depth, 1);
    size_t ready = 0, rest = 0;
    for (int i = 0; i < depth; i++) flushing[i] = 2; // none of its own yet
    int started = 0;
    while (open > 0) {
        for (; started < depth; started++) { // the first of each
            struct request write = {htobe32(0x25609513), htobe16(fua ? FLAG_FUA : 0), htobe16(CMD_WRITE), started, htobe64(place()), htobe32(bytes)};
            memcpy(out + ready, &write, sizeof write);
            memset(out + ready + sizeof write, started + 1, bytes);
            ready += frame;
            flushing[started] = 0;
            from[started] = now();
        }
        if (ready > 0) send_all(fd, out, ready);
        ready = 0;
        ssize_t count = read(fd, in + rest, sizeof in - rest);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) fail("receiving");
        rest += count;
        size_t at = 0;
        for (; rest - at >= sizeof(struct reply) && ready + frame <= depth * frame; at += sizeof(struct reply)) {
            struct reply reply;
            memcpy(&reply, in + at, sizeof reply);
            if (be32toh(reply.magic) != 0x67446698 || reply.error != 0 || reply.cookie >= (uint64_t)depth) fail("reply");
            int i = reply.cookie;
            struct request next = {htobe32(0x25609513), 0, htobe16(CMD_FLUSH), i, 0, 0};
            if (!fua && !flushing[i]) {
                flushing[i] = 1;
                memcpy(out + ready, &next, sizeof next);
                ready += sizeof next;
                continue;
            }
            committed(from[i]);
            flushing[i] = 0;
            if (now() >= end_nanos) {
                open--;
                continue;
            }
            next.type = htobe16(CMD_WRITE);
            next.flags = htobe16(fua ? FLAG_FUA : 0);
            next.offset = htobe64(place());
            next.length = htobe32(bytes);
            from[i] = now();
            memcpy(out + ready, &next, sizeof next);
            memset(out + ready + sizeof next, i + 1, bytes);
            ready += frame;
        }
        memmove(in, in + at, rest - at);
        rest -= at;
    }
    struct request bye = {htobe32(0x25609513), 0, htobe16(CMD_DISC), 0, 0, 0};
    send_all(fd, &bye, sizeof bye);
    close(fd);
    return NULL;
}

static void *committer(void *unused) {
    (void)unused;
    int fd = open(target, O_RDWR | O_DIRECT);
    void *block;
    if (fd < 0 || posix_memalign(&block, 4096, bytes) != 0) fail("opening");
    memset(block, 7, bytes);
    while (now() < end_nanos) {
        int64_t from = now(), at = place();
        struct iovec vector = {block, bytes};
        ssize_t count = fua ? pwritev2(fd, &vector, 1, at, RWF_DSYNC) : pwrite(fd, block, bytes, at);
        if (count != bytes || (!fua && fdatasync(fd) < 0)) fail("writing");
        committed(from);
    }
    close(fd);
    return NULL;
}

static int order(const void *a, const void *b) { return (*(float *)a > *(float *)b) - (*(float *)a < *(float *)b); }

int main(int count, char **arguments) {
    for (int c; (c = getopt(count, arguments, "c:d:s:r:b:t:w:n:")) != -1;) switch (c) {
        case 'c': connections = atoi(optarg); break;
        case 'd': depth = atoi(optarg); break;
        case 's': fua = strcmp(optarg, "fua") == 0; break;
        case 'r': repeat = atoi(optarg); break;
        case 'b': bytes = atoi(optarg); break;
        case 't': seconds = atoi(optarg); break;
        case 'w': warm = atoi(optarg); break;
        case 'n': region = atoll(optarg); break;
        default: return 2;
    }
    if (optind != count - 1) {
        fprintf(stderr, "usage: commit [-c CONNECTIONS] [-d DEPTH] [-s flush|fua] [-r REPEAT] [-b BYTES] [-t SECONDS] [-w WARM] [-n REGION] TARGET\n");
        return 2;
    }
    struct stat status;
    char *path = strdup(arguments[optind]), *colon = strrchr(path, ':');
    int is_socket = colon != NULL;
    if (is_socket) *colon = 0;
    target = path;
    export_name = is_socket ? colon + 1 : "";
    if (strncmp(path, "tcp:", 4) != 0 && stat(path, &status) < 0) fail("looking");
    micros = malloc(MOST * sizeof *micros);
    begin_nanos = now() + warm * 1000000000LL;
    end_nanos = begin_nanos + seconds * 1000000000LL;
    int threads = is_socket ? connections : connections * depth;
    pthread_t *all = calloc(threads, sizeof *all);
    for (int i = 0; i < threads; i++) pthread_create(&all[i], NULL, is_socket ? connection : committer, NULL);
    for (int i = 0; i < threads; i++) pthread_join(all[i], NULL);
    int n = taken < MOST ? taken : MOST;
    if (n == 0) fail("nothing was committed");
    qsort(micros, n, sizeof *micros, order);
    printf("{\"rate\":%d,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f}\n", taken / seconds, micros[n / 2], micros[(int)(n * 0.99)], micros[(int)(n * 0.999)]);
    return 0;
}
