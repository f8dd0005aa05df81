/* An idle thread of libgomp spins for 300,000 turns before it sleeps, on a processor that another program may be waiting
 * for: two LeNets at once on two processors made 4,000 images/s each, where one alone makes 144,000. With 1,000 turns it
 * is 64,000 each, and alone as before. Only the environment can say so, and libgomp reads it before main. */
#include "processors.h"

#if FOVEA_OPENMP
#include <limits.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

/* Who sets these has a plan of his own. Where threads are bound to processors, this one is bound already, and the program
 * that it starts would get no other. */
static const char *const plans[] = {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "OMP_PROC_BIND", "OMP_PLACES",
                                    "GOMP_CPU_AFFINITY"};

/* Where any of this fails the program goes on as it is. */
void cli_share_processors(char **argv) {
    char path[PATH_MAX + 1] = "";
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
        if (getenv(plans[i])) return;
    if (setenv("GOMP_SPINCOUNT", "1000", 1) != 0) return;
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
    if (length > 0) execv(path, argv);
}
#else
void cli_share_processors(char **argv) { (void)argv; }
#endif
