/* Numbers by part of a network, as text: "norm=0,bias=0,layer4=1e-3". A part is a parameter's name or what it begins with
 * before a dot ("fc", "layer4.0", "fc.weight"), or `bias`, every bias, or `norm`, every scale of a batch norm. Of several
 * that fit the last one counts. */
#ifndef OPTIM_PARTS_H
#define OPTIM_PARTS_H

#include "graph/graph.h"

#include <string.h>

/* Is the name that of the part, or does it begin with it before a dot? `length`: of the part's name. */
static inline bool fv_is_of_part(const char *name, const char *part, size_t length) {
    return strncmp(name, part, length) == 0 && (name[length] == '.' || name[length] == '\0');
}

/* FV_OK for NULL, and for a list of parts with numbers from `low` to `high`; `what` stands before messages. */
fv_status fv_parts_check(const char *what, const char *text, double low, double high);

/* FV_BAD_ARGUMENT naming a part that none of the parameter leaves belongs to. */
fv_status fv_parts_exist(const char *what, const char *text, fv_value *const params[], int count);

/* The number for a parameter leaf; `standard` where no part holds it. text: checked, or NULL. */
double fv_parts_value(const char *text, const fv_node *param, double standard);

#endif
