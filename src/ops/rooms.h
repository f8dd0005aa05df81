/* The operators by their C names, for whoever builds nodes of a certain kind (passes, autodiff). From ops.def. */
#ifndef OPS_ROOMS_H
#define OPS_ROOMS_H

#include "graph/op.h"

#define FV_OP(op) extern const fv_op op;
#include "ops/ops.def"
#undef FV_OP

#endif
