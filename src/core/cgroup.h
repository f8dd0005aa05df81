/* What the control group of this process (a container, a batch system's slot) lets it use, by version 1 or 2 of Linux's
 * interface: the smallest limit on the way from its own group up to the root.
 *
 * `root` is "" but in tests, where it is a folder that holds a made-up /proc/self/cgroup and /sys/fs/cgroup. */
#ifndef CORE_CGROUP_H
#define CORE_CGROUP_H

#include <stddef.h>

/* Processors, 1.5 being one and a half of them; HUGE_VAL if unlimited. */
double fv_cgroup_cpus(const char *root);

/* Bytes until the limit, what the kernel can drop (cached files) counted as free; SIZE_MAX if unlimited. */
size_t fv_cgroup_memory(const char *root);

#endif
