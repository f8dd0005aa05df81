/* Parameters as tensors of a safetensors file: plain layouts, f32, by name. */
#ifndef FORMATS_PARAMS_H
#define FORMATS_PARAMS_H

#include "engine/model.h"
#include "formats/safetensors.h"

/* Fills one entry; its bytes are made when the file is written. `prefix` stands before the name; the entry's name is
 * allocated and is the caller's to fv_free. FV_NO_MEMORY on failure. */
fv_status fv_param_entry(const fv_param *param, const char *prefix, fv_tensor_entry *entry);

/* FV_OK if the file has a tensor of that name and shape, of floating point; otherwise the mismatch is named. */
fv_status fv_param_check(const char *name, const fv_shape *shape, const char *prefix, const fv_safetensors *file,
                         const char *where);
bool fv_param_same_shape(const fv_tensor_view *tensor, const fv_shape *shape);

/* Both take values that were checked before; on failure the parameter holds anything, ... */
fv_status fv_param_take(fv_param *param, const char *prefix, const fv_safetensors *file);
/* ... or all n are as they were, at the price of a copy. Those with skip[i] stay; skip NULL: none does. */
fv_status fv_params_replace(fv_param *params, int n, const char *prefix, const fv_safetensors *file, const bool *skip);

#endif
