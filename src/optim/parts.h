/* Parts of a network, by name, and numbers for them, as text: "norm=0,bias=0,layer4=1e-3".
 *
 * A part is a parameter's name or what it begins with before a dot ("fc", "layer4.0", "fc.weight"), or a word: `backbone`,
 * all but the head; `bias`, every bias; `norm`, every scale of a batch norm. */
#ifndef OPTIM_PARTS_H
#define OPTIM_PARTS_H

#include "engine/model.h"

/* How much of a parameter's name the part, `length` letters, speaks for: 0 nothing, 1 a word holds it, else the more, the
 * longer the name. model: whose leaf it is; NULL, where that is not known, has no backbone. */
size_t fv_part_match(const char *part, size_t length, const fv_node *leaf, const fv_model *model);

/* FV_BAD_ARGUMENT with the parts that there are, unless the part holds a trained parameter of the graph; `what` stands before
 * the message. */
fv_status fv_part_exists(const char *what, const char *part, size_t length, const fv_graph *graph,
                         const fv_model *model);

/* FV_OK for NULL, and for a list of parts with numbers from `low` to `high`. */
fv_status fv_parts_check(const char *what, const char *text, double low, double high);

/* fv_part_exists for each part of a list, or of NULL. */
fv_status fv_parts_exist(const char *what, const char *text, const fv_graph *graph);

/* The number for a parameter leaf: of several parts that hold it, the last one's; `standard` where none does. text: checked,
 * or NULL. */
double fv_parts_value(const char *text, const fv_node *leaf, double standard);

#endif
