/* The datasets that `fovea data get` knows, and bringing one into a folder. */
#ifndef CLI_SETS_H
#define CLI_SETS_H

#include "data/tar.h"
#include "fetch.h"

enum { CLI_SET_FILES = 5, CLI_SET_SOURCES = 4, CLI_SET_MEMBERS = 8 };

typedef struct cli_known_set {
    const char *name;                     /* its kind in a SPEC */
    const char *sources[CLI_SET_SOURCES]; /* addresses that the files' names follow, tried in this order */
    cli_known_file files[CLI_SET_FILES];
    fv_tar_member members[CLI_SET_MEMBERS]; /* files[0] is an archive, of which these are wanted; or none */
    const char *terms;                      /* lines */
} cli_known_set;

extern const cli_known_set cli_known_sets[];
extern const int cli_n_known_sets;

/* Fails with all names. */
const cli_known_set *cli_find_known_set(const char *name);

/* Brings what is missing of the set into the folder, which is made. mirror: an address in place of the sources, or NULL.
 * Tells on standard error what comes, and of each source that fails. */
fv_status cli_bring_set(const cli_known_set *set, const char *folder, const char *mirror);

#endif
