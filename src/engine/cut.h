/* Where a frozen backbone ends. */
#ifndef ENGINE_CUT_H
#define ENGINE_CUT_H

#include "engine/plan.h"

/* *cut: the value of the model's graph that is the same for an image in every step of a training plan with these args, while
 * all that is not reads the image through it alone. NULL if there is none but the image itself. */
fv_status fv_cut(const fv_model *model, const fv_plan_args *args, const fv_value **cut);

#endif
