#include "core/cgroup.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A group as a folder; `mount` characters of the path are where the hierarchy is mounted. */
typedef struct group {
    char path[PATH_MAX];
    size_t mount;
    int version;
} group;

static FILE *open_in(const char *folder, const char *name) {
    char path[PATH_MAX];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    return length > 0 && (size_t)length < sizeof path ? fopen(path, "re") : NULL;
}

/* True if `controllers` ("cpu,cpuacct") has `name`. */
static bool lists(const char *controllers, const char *name) {
    size_t length = strlen(name);
    for (const char *c = controllers; c; c = strchr(c, ',') ? strchr(c, ',') + 1 : NULL)
        if (strncmp(c, name, length) == 0 && (c[length] == ',' || c[length] == '\0')) return true;
    return false;
}

/* Sets *g to the group at `path` of the hierarchy mounted below `root`. */
static void place(group *g, int version, const char *root, const char *controller, const char *path) {
    g->version = version;
    int mount = snprintf(g->path, sizeof g->path, "%s/sys/fs/cgroup%s%s", root, version == 1 ? "/" : "",
                         version == 1 ? controller : "");
    g->mount = mount > 0 && (size_t)mount < sizeof g->path ? (size_t)mount : 0;
    snprintf(g->path + g->mount, sizeof g->path - g->mount, "%s", path);
}

/* Finds the group of this process. A line of the file is "id:controllers:path"; version 2 has the one line "0::path", and
 * on a machine with both the controllers that version 1 holds are limited there. */
static bool find_group(group *g, const char *root, const char *controller) {
    FILE *file = open_in(root, "proc/self/cgroup");
    if (!file) return false;
    char line[PATH_MAX];
    g->version = 0;
    while (g->version != 1 && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':'), *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path || path[1] != '/') continue;
        *controllers++ = '\0', *path++ = '\0';
        if (lists(controllers, controller))
            place(g, 1, root, controller, path);
        else if (*controllers == '\0')
            place(g, 2, root, controller, path);
    }
    fclose(file);
    return g->version != 0;
}

/* Goes to the group above; false at the mount. In a container the path may name a folder of the host that cannot be seen
 * here: it is passed over, and the mount is the container's own group. */
static bool up(group *g) {
    if (g->path[g->mount] == '\0') return false;
    *strrchr(g->path, '/') = '\0';
    return true;
}

/* The number in a file of the group; NAN if there is none ("max" is none). */
static double number(const group *g, const char *name) {
    FILE *file = open_in(g->path, name);
    if (!file) return NAN;
    double value;
    int found = fscanf(file, "%lf", &value);
    fclose(file);
    return found == 1 ? value : NAN;
}

/* The number after `key` in the group's memory.stat; 0 if there is none. */
static double statistic(const group *g, const char *key) {
    FILE *file = open_in(g->path, "memory.stat");
    if (!file) return 0;
    char name[64];
    double value, found = 0;
    while (fscanf(file, "%63s %lf", name, &value) == 2)
        if (strcmp(name, key) == 0) found = value;
    fclose(file);
    return found;
}

static double cpus_of(const group *g) {
    double quota = NAN, period = NAN;
    if (g->version == 1) {
        quota = number(g, "cpu.cfs_quota_us"), period = number(g, "cpu.cfs_period_us"); /* -1: no limit */
    } else {
        FILE *file = open_in(g->path, "cpu.max");
        if (file && fscanf(file, "%lf %lf", &quota, &period) != 2) quota = NAN;
        if (file) fclose(file);
    }
    return quota > 0 && period > 0 ? quota / period : HUGE_VAL;
}

/* Names of the same three facts. */
static const struct memory_files {
    const char *limit, *used, *cached;
} memory_files[] = {
    [1] = {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"},
    [2] = {"memory.max", "memory.current", "inactive_file"},
};

static double memory_of(const group *g) {
    const struct memory_files *names = &memory_files[g->version];
    double limit = number(g, names->limit), used = number(g, names->used);
    if (!(limit >= 0 && limit < 0x1p62 && used >= 0)) return HUGE_VAL; /* version 1 writes a huge number for no limit */
    double left = limit - used + statistic(g, names->cached);
    return left > 0 ? left : 0;
}

static double least(const char *root, const char *controller, double (*of)(const group *)) {
    group g;
    double smallest = HUGE_VAL;
    for (bool more = find_group(&g, root, controller); more; more = up(&g)) smallest = fmin(smallest, of(&g));
    return smallest;
}

double fv_cgroup_cpus(const char *root) { return least(root, "cpu", cpus_of); }

size_t fv_cgroup_memory(const char *root) {
    double left = least(root, "memory", memory_of);
    return left < 0x1p62 ? (size_t)left : SIZE_MAX;
}
