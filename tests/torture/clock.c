/* A clock that runs too fast or too slow: LD_PRELOAD=clock.so CLOCK_RATE=1.1 PROGRAM. Only the clocks that measure
   durations are changed; what time of day it is stays true. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t id, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    static double rate;
    if (!real) {
        real = dlsym(RTLD_NEXT, "clock_gettime");
        const char *wanted = getenv("CLOCK_RATE");
        rate = wanted ? atof(wanted) : 1.0;
    }
    int result = real(id, now);
    if (result == 0 && (id == CLOCK_MONOTONIC || id == CLOCK_BOOTTIME || id == CLOCK_MONOTONIC_COARSE)) {
        double ns = (now->tv_sec * 1e9 + now->tv_nsec) * rate;
        now->tv_sec = (time_t)(ns / 1e9);
        now->tv_nsec = (long)(ns - now->tv_sec * 1e9);
    }
    return result;
}
