/* What the files of this room share, and what it gives to those who have decoded a picture already. */
#ifndef EXPLAIN_EXPLAIN_H
#define EXPLAIN_EXPLAIN_H

#include "fovea/explain.h"
#include "graph/graph.h"
#include "image/image.h"

/* The value whose maps are looked at: the layer of that name, or by default (NULL) the last that has maps. */
fv_status fv_explained_layer(const fv_model *model, const char *name, const fv_value **layer);

fv_status fv_explain_image(fv_explainer *explainer, const fv_image *image, int label, fv_explanation *explanation);

/* The picture with the map over it, RGB, or the map alone, gray; *out is owned. Transparent pixels show `background`. */
fv_status fv_overlay(const fv_explanation *explanation, const fv_image *picture, const fv_overlay_args *args,
                     uint32_t background, fv_image *out);

/* The color of a value from 0 to 1, each channel 0 to 1. */
void fv_heat(float value, float rgb[3]);

#endif
