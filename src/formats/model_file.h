/* Model files, from bytes too. */
#ifndef FORMATS_MODEL_FILE_H
#define FORMATS_MODEL_FILE_H

#include "fovea/model.h"

/* fv_model_load from the bytes of a file; `name` stands before messages. */
fv_model *fv_model_parse(const void *bytes, size_t count, const char *name);

#endif
