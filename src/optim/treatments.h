/* From the parts that a caller names to the treatment of each parameter. */
#ifndef OPTIM_TREATMENTS_H
#define OPTIM_TREATMENTS_H

#include "engine/model.h"
#include "fovea/parts.h"

/* treatments[i] of model->params[i]. FV_BAD_ARGUMENT names a part that there is not, or a value out of its range. */
fv_status fv_treatments_of(const fv_part_options *parts, int n, const fv_model *model, fv_treatment *treatments);

#endif
