#include "core/cgroup.h"
#include "core/file.h"
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A made-up machine below $TMPDIR/NAME. */
static const char *root;

static void machine(const char *name, const char *proc_self_cgroup) {
    static char path[4096];
    snprintf(path, sizeof path, "%s", temporary("%s", name));
    root = path;
    assert_int_equal(fv_make_folders(temporary("%s/proc/self", name)), 0);
    put_text(temporary("%s/proc/self/cgroup", name), proc_self_cgroup);
}

static void put(const char *folder, const char *file, const char *text) {
    char path[4096];
    snprintf(path, sizeof path, "%s/sys/fs/cgroup/%s", root, folder);
    assert_int_equal(fv_make_folders(path), 0);
    strncat(path, file, sizeof path - strlen(path) - 1);
    put_text(path, text);
}

static void no_cgroups_no_limits(void **state) {
    (void)state;
    assert_true(isinf(fv_cgroup_cpus(temporary("nowhere"))));
    assert_true(fv_cgroup_memory(temporary("nowhere")) == SIZE_MAX);
}

static void version_2_takes_the_smallest_on_the_way_up(void **state) {
    (void)state;
    machine("v2", "0::/slice/job\n");
    put("slice/job/", "cpu.max", "max 100000\n");
    put("slice/", "cpu.max", "150000 100000\n");
    put("", "cpu.max", "400000 100000\n");
    assert_true(fv_cgroup_cpus(root) == 1.5);
    put("slice/job/", "cpu.max", "50000 100000\n");
    assert_true(fv_cgroup_cpus(root) == 0.5);
}

static void version_2_in_a_container_is_at_the_mount(void **state) {
    (void)state;
    machine("v2-container", "0::/../../outside\n");
    put("", "cpu.max", "200000 100000\n");
    assert_true(fv_cgroup_cpus(root) == 2);
}

static void version_1_reads_quota_and_period(void **state) {
    (void)state;
    machine("v1", "5:cpuset:/a\n4:cpu,cpuacct:/box/7\n3:memory:/\n");
    put("cpu/box/7/", "cpu.cfs_quota_us", "-1\n");
    put("cpu/box/7/", "cpu.cfs_period_us", "100000\n");
    assert_true(isinf(fv_cgroup_cpus(root)));
    put("cpu/box/", "cpu.cfs_quota_us", "300000\n");
    put("cpu/box/", "cpu.cfs_period_us", "100000\n");
    assert_true(fv_cgroup_cpus(root) == 3);
}

static void version_1_limits_where_both_are_mounted(void **state) {
    (void)state;
    machine("hybrid", "0::/u\n1:cpu:/\n");
    put("cpu/", "cpu.cfs_quota_us", "250000\n");
    put("cpu/", "cpu.cfs_period_us", "100000\n");
    put("u/", "cpu.max", "100000 100000\n");
    assert_true(fv_cgroup_cpus(root) == 2.5);
}

static void cached_files_count_as_free_memory(void **state) {
    (void)state;
    machine("memory-2", "0::/job\n");
    put("job/", "memory.max", "1000000\n");
    put("job/", "memory.current", "900000\n");
    assert_true(fv_cgroup_memory(root) == 100000);
    put("job/", "memory.stat", "anon 5\ninactive_file 300000\nactive_file 7\n");
    assert_true(fv_cgroup_memory(root) == 400000);
    put("job/", "memory.current", "1500000\n");
    assert_true(fv_cgroup_memory(root) == 0);
    put("job/", "memory.max", "max\n");
    assert_true(fv_cgroup_memory(root) == SIZE_MAX);
}

static void version_1_has_its_own_names_for_memory(void **state) {
    (void)state;
    machine("memory-1", "9:memory:/box\n");
    put("memory/", "memory.limit_in_bytes", "9223372036854771712\n");
    put("memory/", "memory.usage_in_bytes", "5000\n");
    assert_true(fv_cgroup_memory(root) == SIZE_MAX);
    put("memory/box/", "memory.limit_in_bytes", "70000\n");
    put("memory/box/", "memory.usage_in_bytes", "50000\n");
    put("memory/box/", "memory.stat", "inactive_file 1\ntotal_inactive_file 10000\n");
    assert_true(fv_cgroup_memory(root) == 30000);
}

static void nonsense_limits_nothing(void **state) {
    (void)state;
    machine("nonsense", "\n:\n::\n1:cpu\n2:cpu:relative\n3:cpuset,xcpu,cpux:/\n0::/a\n");
    put("a/", "cpu.max", "many 100000\n");
    put("", "cpu.max", "0 0\n");
    assert_true(isinf(fv_cgroup_cpus(root)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_cgroups_no_limits),
        cmocka_unit_test(version_2_takes_the_smallest_on_the_way_up),
        cmocka_unit_test(version_2_in_a_container_is_at_the_mount),
        cmocka_unit_test(version_1_reads_quota_and_period),
        cmocka_unit_test(version_1_limits_where_both_are_mounted),
        cmocka_unit_test(cached_files_count_as_free_memory),
        cmocka_unit_test(version_1_has_its_own_names_for_memory),
        cmocka_unit_test(nonsense_limits_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
