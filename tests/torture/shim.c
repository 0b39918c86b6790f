/* Between a process and its C library: a clock that runs too fast or too slow, and a disk that is slow.

   Loaded with LD_PRELOAD. What it does is in a small file that the test writes while the process runs (shim.py). Clocks:
   MONOTONIC and BOOTTIME, which leases and timeouts run on, and the waits until a moment on them. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000LL

/* shim.py writes it: since `begin_ns`, the clock is `ahead_ns` ahead and gains `gain_ppm` millionths. */
static volatile struct {
    uint64_t version; /* odd while it is being written */
    int64_t begin_ns, ahead_ns, gain_ppm, disk_delay_us;
} *told;

__attribute__((constructor)) static void load(void) {
    const char *path = getenv("TORTURE_SHIM");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *mapped = mmap(0, sizeof *told, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED)
        told = mapped;
    close(file);
}

static void *next(const char *name, const char *version) {
    void *found = version ? dlvsym(RTLD_NEXT, name, version) : 0;
    return found ? found : dlsym(RTLD_NEXT, name);
}

static int64_t real_ns(clockid_t clock) {
    struct timespec now;
    syscall(SYS_clock_gettime, clock, &now);
    return now.tv_sec * NS + now.tv_nsec;
}

/* How far ahead the clock is when MONOTONIC truly says `now_ns`. */
static int64_t ahead(int64_t now_ns) {
    uint64_t version;
    int64_t result;
    do {
        version = told->version;
        __sync_synchronize();
        result = told->ahead_ns + (int64_t)((__int128)(now_ns - told->begin_ns) * told->gain_ppm / 1000000);
        __sync_synchronize();
    } while (version & 1 || version != told->version);
    return result;
}

static int is_ours(clockid_t clock) {
    return clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME || clock == CLOCK_MONOTONIC_RAW ||
           clock == CLOCK_MONOTONIC_COARSE;
}

/* When the true MONOTONIC says what ours says at `moment`: what is left, at our clock's rate. */
static struct timespec true_moment(const struct timespec *moment) {
    int64_t now_ns = real_ns(CLOCK_MONOTONIC);
    int64_t left_ns = moment->tv_sec * NS + moment->tv_nsec - now_ns - ahead(now_ns);
    int64_t then_ns = now_ns + (int64_t)((__int128)left_ns * 1000000 / (1000000 + told->gain_ppm));
    if (then_ns < 0)
        then_ns = 0;
    return (struct timespec){then_ns / NS, then_ns % NS};
}

int clock_gettime(clockid_t clock, struct timespec *result) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        real = next("clock_gettime", 0);
    int status = real(clock, result);
    if (status == 0 && told && is_ours(clock)) {
        int64_t now_ns = result->tv_sec * NS + result->tv_nsec;
        now_ns += ahead(clock == CLOCK_MONOTONIC ? now_ns : real_ns(CLOCK_MONOTONIC));
        *result = (struct timespec){now_ns / NS, now_ns % NS};
    }
    return status;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *rest) {
    static int (*real)(clockid_t, int, const struct timespec *, struct timespec *);
    if (!real)
        real = next("clock_nanosleep", 0);
    if (!told || clock != CLOCK_MONOTONIC || !(flags & TIMER_ABSTIME))
        return real(clock, flags, time, rest);
    struct timespec then = true_moment(time);
    return real(clock, flags, &then, rest);
}

int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *time) {
    static int (*real)(sem_t *, clockid_t, const struct timespec *);
    if (!real)
        real = next("sem_clockwait", 0);
    if (!told || clock != CLOCK_MONOTONIC)
        return real(semaphore, clock, time);
    struct timespec then = true_moment(time);
    return real(semaphore, clock, &then);
}

int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock, const struct timespec *time) {
    static int (*real)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
    if (!real)
        real = next("pthread_cond_clockwait", 0);
    if (!told || clock != CLOCK_MONOTONIC)
        return real(condition, mutex, clock, time);
    struct timespec then = true_moment(time);
    return real(condition, mutex, clock, &then);
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *time) {
    static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (!real)
        real = next("pthread_cond_timedwait", "GLIBC_2.3.2"); /* not the oldest one, which is another function */
    /* Only moments on the wall clock are that long after its zero. */
    if (!told || time->tv_sec > 1000000000)
        return real(condition, mutex, time);
    struct timespec then = true_moment(time);
    return real(condition, mutex, &then);
}

static void be_slow(int file) {
    struct stat what;
    if (told && told->disk_delay_us && fstat(file, &what) == 0 && S_ISREG(what.st_mode))
        usleep((useconds_t)told->disk_delay_us);
}

#define SLOW(result, name, parameters, arguments)      \
    result name parameters {                           \
        static result(*real) parameters;               \
        if (!real)                                     \
            real = next(#name, 0);                     \
        be_slow(file);                                 \
        return real arguments;                         \
    }

SLOW(ssize_t, write, (int file, const void *bytes, size_t size), (file, bytes, size))
SLOW(ssize_t, pwrite, (int file, const void *bytes, size_t size, off_t at), (file, bytes, size, at))
SLOW(ssize_t, pwrite64, (int file, const void *bytes, size_t size, off64_t at), (file, bytes, size, at))
SLOW(int, fsync, (int file), (file))
SLOW(int, fdatasync, (int file), (file))
