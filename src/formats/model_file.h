/* Model files, from bytes too. */
#ifndef FORMATS_MODEL_FILE_H
#define FORMATS_MODEL_FILE_H

#include "formats/safetensors.h"
#include "fovea/model.h"

/* fv_model_load from the bytes of a file; `name` stands before messages. */
fv_model *fv_model_parse(const void *bytes, size_t count, const char *name);

/* How a model file prepares images; *preprocess stays as it is where the file is not one. */
fv_status fv_model_file_preprocess(const fv_safetensors *file, const char *path, fv_preprocess *preprocess);

#endif
