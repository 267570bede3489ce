// slowflush: preloaded, makes what is durable take as long as on a disk that has to write out its cache. For
// benchmarks/compare: the virtual disks of many machines answer a flush in microseconds, and then nobody sees who waits for
// how many of them.
//
//   FLUSH_US=600 LD_PRELOAD=./slowflush.so PROGRAM...
//
// Each file is taken for a disk of its own. fsync, fdatasync, and writes of a file that was opened with O_DSYNC or O_SYNC, or
// that have RWF_DSYNC or RWF_SYNC, wait for a flush that begins after them; one flush at a time for each file, and all who wait
// when it begins share it. Files flush side by side. Calls through libc only: neither io_uring nor what the kernel
// does by itself.
//
// Build: cc -O2 -shared -fPIC -pthread -o slowflush.so slowflush.c -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef RWF_DSYNC
#define RWF_DSYNC 2
#define RWF_SYNC 4
#endif

struct disk {
    dev_t device;
    ino_t file;
    uint64_t begun, ended;
    pthread_cond_t changed;
    struct disk *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct disk *disks;
static long micros;

__attribute__((constructor)) static void start(void) {
    const char *text = getenv("FLUSH_US");
    micros = text ? atol(text) : 0;
}

static struct disk *disk_of(const struct stat *about) {
    for (struct disk *each = disks; each; each = each->next)
        if (each->device == about->st_dev && each->file == about->st_ino) return each;
    struct disk *made = calloc(1, sizeof *made);
    if (!made) abort();
    made->device = about->st_dev;
    made->file = about->st_ino;
    pthread_cond_init(&made->changed, NULL);
    made->next = disks;
    return disks = made;
}

static void wait_for_flush(int fd) {
    struct stat about;
    if (micros <= 0 || fstat(fd, &about) || (!S_ISREG(about.st_mode) && !S_ISBLK(about.st_mode))) return;
    pthread_mutex_lock(&lock);
    struct disk *disk = disk_of(&about);
    uint64_t wanted = disk->begun + 1;
    while (disk->ended < wanted) {
        if (disk->begun > disk->ended) {
            pthread_cond_wait(&disk->changed, &lock);
            continue;
        }
        disk->begun++;
        pthread_mutex_unlock(&lock);
        struct timespec time = {micros / 1000000, micros % 1000000 * 1000};
        nanosleep(&time, NULL);
        pthread_mutex_lock(&lock);
        disk->ended = disk->begun;
        pthread_cond_broadcast(&disk->changed);
    }
    pthread_mutex_unlock(&lock);
}

static int is_durable(int fd) {
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & (O_SYNC | O_DSYNC)) != 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FLUSHING(name)                            \
    int name(int fd) {                            \
        static __typeof__(&name) real;            \
        if (!real) real = REAL(name);             \
        int result = real(fd);                    \
        if (result == 0) wait_for_flush(fd);      \
        return result;                            \
    }
#define WRITING(name, durable, parameters, ...)                       \
    ssize_t name parameters {                                         \
        static __typeof__(&name) real;                                \
        if (!real) real = REAL(name);                                 \
        ssize_t result = real(__VA_ARGS__);                           \
        if (result > 0 && (durable || is_durable(fd))) wait_for_flush(fd); \
        return result;                                                \
    }

FLUSHING(fsync)
FLUSHING(fdatasync)
WRITING(pwrite, 0, (int fd, const void *from, size_t count, off_t at), fd, from, count, at)
WRITING(pwrite64, 0, (int fd, const void *from, size_t count, off64_t at), fd, from, count, at)
WRITING(pwritev, 0, (int fd, const struct iovec *from, int count, off_t at), fd, from, count, at)
WRITING(pwritev64, 0, (int fd, const struct iovec *from, int count, off64_t at), fd, from, count, at)
WRITING(pwritev2, flags &(RWF_DSYNC | RWF_SYNC), (int fd, const struct iovec *from, int count, off_t at, int flags), fd, from, count, at, flags)
WRITING(pwritev64v2, flags &(RWF_DSYNC | RWF_SYNC), (int fd, const struct iovec *from, int count, off64_t at, int flags), fd, from, count, at, flags)
