/* fovea/explain.h: where in a picture a network sees a class, by Grad-CAM (Selvaraju et al., "Grad-CAM: Visual Explanations
 * from Deep Networks via Gradient-based Localization", 2017). A layer makes maps A_k of h x w positions; with the class's
 * score s,
 *
 *     alpha_k = mean over the positions of ds/dA_k,   map = relu(sum over k of alpha_k A_k),   divided by its maximum
 *
 * The network is that of inference: running statistics, no dropout.
 *
 *     fv_explainer *explainer = fv_explainer_new(model);
 *     fv_explanation why;
 *     if (fv_explain_overlay(explainer, "eye.png", FV_PREDICTED, "why.png", &why)) fprintf(stderr, "%s\n", fv_error());
 */
#ifndef FOVEA_EXPLAIN_H
#define FOVEA_EXPLAIN_H

#include "fovea/model.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FV_PREDICTED = -1 }; /* for a label: the class that the model takes the picture for */

/* What explaining with one model needs besides the model, which it uses and which must outlive it. Serves one thread at a
 * time; several may share a model. */
typedef struct fv_explainer fv_explainer;

typedef struct fv_explainer_args {
    /* Whose maps: the last layer of that name, or in the scope of that name ("layer4"). Default: the last that gives maps of
     * more than one position and is no pool, such as VGG's last ReLU (before the last max pool), ResNet's last block,
     * DenseNet's last ReLU, GoogLeNet's last concat. */
    const char *layer;
    int threads; /* default: the processors this process may use */
    int zero_;
} fv_explainer_args;
/* FV_BAD_ARGUMENT for a layer that is not there or gives no maps. */
FV_API fv_explainer *fv_explainer_new_with(fv_model *model, const fv_explainer_args *args);
FV_API void fv_explainer_free(fv_explainer *explainer); /* NULL is fine */

/* The layer's name, and the size of its maps. NULL for NULL. */
FV_API const char *fv_explainer_layer(const fv_explainer *explainer, int *height, int *width);

typedef struct fv_explanation {
    int label;         /* the class that is explained */
    float probability; /* of it */
    float score;       /* its logit; of one logit z, z for the positive class and -z for the other */
    float peak; /* the map's maximum before division; 0: nothing in the layer speaks for the class, the map is 0 */
    int height, width; /* of the map, which spans the whole picture */
    const float *map;  /* [height, width], 0 to 1; the explainer's, valid until its next call */
} fv_explanation;

/* Of x [C,H,W], already preprocessed; of a picture's file; of pixels as fv_predict_pixels takes them. label: a class, or
 * FV_PREDICTED, which takes a second pass through the network. */
FV_API fv_status fv_explain(fv_explainer *explainer, const float *x, int label, fv_explanation *explanation);
FV_API fv_status fv_explain_file(fv_explainer *explainer, const char *path, int label, fv_explanation *explanation);
FV_API fv_status fv_explain_pixels(fv_explainer *explainer, const uint8_t *pixels, int channels, int height, int width,
                                   int label, fv_explanation *explanation);

typedef struct fv_overlay_args {
    float alpha;   /* how much of the color covers the picture where the map is 1, up to 1; default 0.7 */
    int largest;   /* pixels of the longer side: larger pictures are reduced; default 1024 */
    bool map_only; /* the map alone, in gray: black 0, white 1 */
    int zero_;
} fv_overlay_args;
/* Explains a picture's file and writes a PNG: the picture, upright, with the map over it in colors (cubehelix: dark blue over
 * green to yellow), which cover it the more the larger the map is. */
FV_API fv_status fv_explain_overlay_with(fv_explainer *explainer, const char *path, int label, const char *png,
                                         fv_explanation *explanation, const fv_overlay_args *args);

#define fv_explainer_new(...) \
    fv_explainer_new_with(FV_HEAD1(__VA_ARGS__, 0), &(fv_explainer_args){FV_TAIL1(__VA_ARGS__, .zero_ = 0)})
#define fv_explain_overlay(explainer, path, label, png, ...)                       \
    fv_explain_overlay_with(explainer, path, label, png, FV_HEAD1(__VA_ARGS__, 0), \
                            &(fv_overlay_args){FV_TAIL1(__VA_ARGS__, .zero_ = 0)})

#ifdef __cplusplus
}
#endif

#endif
