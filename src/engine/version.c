#include "fovea/base.h"

const char *fv_version(void) { return "fovea " FOVEA_VERSION; }
