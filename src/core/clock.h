/* Time and memory spent, as measured by the system. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

/* Seconds of a clock that only goes forward. */
double fv_seconds(void);
/* Seconds since 1970, by the clock on the wall. */
double fv_wall_seconds(void);

/* The largest resident size of this process so far, in bytes. */
unsigned long long fv_peak_rss(void);

#endif
