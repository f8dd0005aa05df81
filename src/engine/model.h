/* A model: a graph, which of its values are the logits, and storage for its parameters. */
#ifndef ENGINE_MODEL_H
#define ENGINE_MODEL_H

#include "fovea/model.h"
#include "graph/op.h"
#include "ops/kernel.h"

#include <pthread.h>

/* Storage of one parameter (or of one slot of an optimizer). It lies in one canonical layout, which the first plan that
 * uses it chooses; other plans take it as it is or keep a copy, refreshed when `version` has moved. */
struct fv_param {
    char *name; /* owned */
    fv_parameter info;
    float *data;           /* owned, on a page of its own */
    size_t bytes;          /* of data, in its layout */
    fv_dnn_layout *layout; /* owned; NULL: plain */
    int pins;              /* plans that rely on the layout */
    uint64_t version;      /* moves with every change of the values */
};

struct fv_model {
    fv_graph *graph;
    fv_value *logits;
    fv_param *params; /* in the order of their leaves */
    int n_params;
    pthread_mutex_t lock; /* guards layouts, pins and versions while plans are made and refreshed */
    char *network;        /* how the graph was made: "lenet:text=1"; NULL for one built by hand */
    char **classes;       /* names, fv_model_classes() of them; "0", "1", ... until known */
    int positive;         /* class index that one logit speaks for */
    float threshold;      /* of the positive class's probability */
    fv_preprocess preprocess;
    char *training;   /* a summary of the training as a JSON object; NULL: none */
    char *pretrained; /* what fv_model_load_pretrained took; NULL: nothing */
};

/* The parameter of that name; NULL: the model has none. */
fv_param *fv_model_param(const fv_model *model, const char *name);

/* True for the parameters of the head, which depends on the classes: the last layer before the logits, and all of the
 * auxiliary heads. The others are the backbone. `leaf` is of the model's own graph. */
bool fv_in_head(const fv_model *model, const fv_node *leaf);

/* Bytes of all parameters, in their layouts. */
size_t fv_model_bytes(const fv_model *model);

/* A parameter filled by its initialisation scheme: a pure function of (seed, name). */
fv_status fv_param_init(fv_param *param, const char *name, const fv_parameter *info, uint64_t seed);
void fv_param_free(fv_param *param);
/* Moves the values to another layout (NULL: plain). Fine when nothing changes. */
fv_status fv_param_relayout(fv_param *param, const fv_dnn_layout *layout);
/* Copies the values, in the plain layout, out to or in from `plain`. */
fv_status fv_param_read(const fv_param *param, float *plain);
fv_status fv_param_write(fv_param *param, const float *plain);

#endif
