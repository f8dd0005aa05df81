/* A profile as text. */
#ifndef CLI_PROFILE_H
#define CLI_PROFILE_H

#include "engine/profile.h"

/* Tables of the steps and of the operators; members "peak_gflops", "stream_gb_per_second", "profile", and "profile_by_op" of a
 * JSON object. */
void cli_profile_table(const fv_profile *profile);
void cli_profile_json(const fv_profile *profile);

#endif
