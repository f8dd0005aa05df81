/* The table of operators, from ops.def. */
#include "ops/rooms.h"

#include <string.h>

const fv_op *const fv_ops[] = {
#define FV_OP(op) &op,
#include "ops/ops.def"
#undef FV_OP
    NULL,
};

const fv_op *fv_op_named(const char *name) {
    for (const fv_op *const *op = fv_ops; *op; op++)
        if (strcmp((*op)->name, name) == 0) return *op;
    return NULL;
}
