#include "core/clock.h"

#include <sys/resource.h>
#include <time.h>

static double seconds_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double fv_seconds(void) { return seconds_of(CLOCK_MONOTONIC); }
double fv_wall_seconds(void) { return seconds_of(CLOCK_REALTIME); }

unsigned long long fv_peak_rss(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (unsigned long long)usage.ru_maxrss * 1024;
}
