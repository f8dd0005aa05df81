/* Whitening of the layer that reads the image: its filters become the directions in which the images' patches vary, each
 * divided by how much they do (Page, "How to train your ResNet", part 8, 2019; Jordan 2024, section 3.2). */
#include "core/eigen.h"
#include "core/memory.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "engine/model.h"
#include "fovea/train.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 64, IMAGES = 5000, PATCHES = 1 << 20 /* looked at at most, evenly spread */ };

typedef struct whitening {
    const fv_model *model;
    const fv_dataset *train;
    size_t images;
    float epsilon;
    fv_param *weight; /* [O,C,H,W] */
    int channels, height, width;
    int n, step;      /* numbers of a patch; pixels between patches */
    size_t count;     /* patches so far */
    double *sum;      /* [n] */
    double *products; /* [n,n] of two numbers of a patch, below the diagonal and on it; then the covariance */
    double *values;   /* [n] */
    double *vectors;  /* [n,n] */
    double *patch;    /* [n] */
    fv_loader *loader;
} whitening;

/* ---- What is to be whitened ----------------------------------------------------------------------------------------- */

/* The first layer that reads the image, which reads nothing; NULL: there is none. */
static const char *first_layer(const fv_model *model, fv_layer_info *info) {
    for (int i = 0, from; fv_model_layer(model, i, info); i++)
        if ((from = fv_model_layer_input(model, i, 0)) >= 0 && fv_model_layer_input(model, from, 0) < 0)
            return info->name;
    return NULL;
}

static fv_status find_weight(whitening *w, const char *layer) {
    fv_layer_info info;
    char name[256];
    const char *first = first_layer(w->model, &info);
    if (!layer || !first || strcmp(layer, first) != 0)
        return fv_fail(FV_BAD_ARGUMENT, "whiten %s: must be the layer that reads the image, which is %s",
                       layer ? layer : "NULL", first ? first : "none");
    snprintf(name, sizeof name, "%s.weight", layer);
    w->weight = fv_model_param(w->model, name);
    const fv_shape *shape = w->weight ? &w->weight->info.shape : NULL;
    if (!shape || shape->rank != 4 || shape->dim[1] != w->channels)
        return fv_fail(FV_BAD_ARGUMENT, "whiten %s: is no convolution of all channels of the image", layer);
    w->n = shape->dim[1] * shape->dim[2] * shape->dim[3];
    if (shape->dim[0] > 2 * w->n)
        return fv_fail(FV_BAD_ARGUMENT,
                       "whiten %s: has %d filters, and patches of %d numbers have %d directions, each with its "
                       "negative",
                       layer, shape->dim[0], w->n, w->n);
    if (shape->dim[2] > w->height || shape->dim[3] > w->width)
        return fv_fail(FV_BAD_ARGUMENT, "whiten %s: filters of %dx%d are larger than the images, %dx%d", layer,
                       shape->dim[2], shape->dim[3], w->height, w->width);
    return FV_OK;
}

/* ---- Patches ---------------------------------------------------------------------------------------------------------- */

static void choose_step(whitening *w) {
    size_t high = (size_t)(w->height - w->weight->info.shape.dim[2]) + 1,
           wide = (size_t)(w->width - w->weight->info.shape.dim[3]) + 1, step = 1;
    while ((high + step - 1) / step * ((wide + step - 1) / step) > PATCHES / w->images + 1) step++;
    w->step = (int)step;
}

static void count_patch(whitening *w) {
    for (int i = 0; i < w->n; i++) {
        double *row = w->products + (size_t)i * (size_t)w->n;
        w->sum[i] += w->patch[i];
        for (int j = 0; j <= i; j++) row[j] += w->patch[i] * w->patch[j];
    }
    w->count++;
}

static void count_image(whitening *w, const float *image) {
    const int *kernel = w->weight->info.shape.dim + 2;
    for (int y = 0; y + kernel[0] <= w->height; y += w->step)
        for (int x = 0; x + kernel[1] <= w->width; x += w->step) {
            double *out = w->patch;
            for (int c = 0; c < w->channels; c++)
                for (int i = 0; i < kernel[0]; i++)
                    for (int j = 0; j < kernel[1]; j++)
                        *out++ = (double)image[((size_t)c * (size_t)w->height + (size_t)(y + i)) * (size_t)w->width +
                                               (size_t)(x + j)];
            count_patch(w);
        }
}

static fv_status count_images(whitening *w) {
    size_t size = (size_t)w->channels * (size_t)w->height * (size_t)w->width;
    FV_TRY(fv_loader_start(w->loader, 0, 0));
    for (size_t done = 0; done < w->images;) {
        fv_batch batch;
        FV_TRY(fv_loader_next(w->loader, &batch));
        if (batch.count == 0) break; /* the rest cannot be read */
        for (int i = 0; i < batch.count && done < w->images; i++, done++) count_image(w, batch.x + (size_t)i * size);
    }
    return w->count ? FV_OK : fv_fail(FV_BAD_DATA, "whiten: no image of %s can be read", fv_dataset_name(w->train));
}

/* ---- The filters -------------------------------------------------------------------------------------------------------- */

static void make_covariance(whitening *w) {
    size_t n = (size_t)w->n;
    double share = 1 / (double)w->count;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            w->products[i * n + j] = w->products[j * n + i] =
                w->products[i * n + j] * share - w->sum[i] * share * w->sum[j] * share;
}

/* The directions in which most happens come first, then their negatives, which a ReLU behind it keeps apart. */
static fv_status set_filters(const whitening *w) {
    size_t n = (size_t)w->n, filters = (size_t)w->weight->info.shape.dim[0];
    float *weight = FV_NEW_N(float, filters *n);
    if (!weight) return FV_NO_MEMORY;
    for (size_t f = 0; f < filters; f++) {
        double spread = sqrt(fmax(w->values[f % n], 0) + (double)w->epsilon), sign = f < n ? 1 : -1;
        for (size_t i = 0; i < n; i++) weight[f * n + i] = (float)(sign * w->vectors[f % n * n + i] / spread);
    }
    fv_status status = fv_param_write(w->weight, weight);
    fv_free(weight);
    return status;
}

/* ---- All of it ------------------------------------------------------------------------------------------------------------ */

static fv_status open_loader(whitening *w, const fv_preprocess *preprocess) {
    fv_loader_args args = {.channels = w->channels,
                           .height = w->height,
                           .width = w->width,
                           .preprocess = *preprocess,
                           .batch_size = w->images < BATCH ? (int)w->images : BATCH,
                           .shuffle = true};
    w->loader = fv_loader_new(w->train, &args);
    return w->loader ? FV_OK : fv_last_status();
}

static fv_status make_room(whitening *w) {
    size_t n = (size_t)w->n;
    bool done = (w->sum = FV_NEW_N(double, n)) && (w->values = FV_NEW_N(double, n)) &&
                (w->patch = FV_NEW_N(double, n)) && (w->products = FV_NEW_N(double, n *n)) &&
                (w->vectors = FV_NEW_N(double, n *n));
    return done ? FV_OK : FV_NO_MEMORY;
}

static fv_status whiten(whitening *w, const char *layer, const fv_preprocess *preprocess) {
    FV_TRY(find_weight(w, layer));
    FV_TRY(make_room(w));
    FV_TRY(open_loader(w, preprocess));
    choose_step(w);
    FV_TRY(count_images(w));
    make_covariance(w);
    fv_eigen_symmetric(w->products, w->n, w->values, w->vectors);
    return set_filters(w);
}

fv_status fv_whiten_with(fv_model *model, const char *layer, const fv_dataset *train, const fv_whiten_args *args) {
    whitening w = {
        .model = model, .train = train, .images = args->images ? args->images : IMAGES, .epsilon = args->epsilon};
    if (w.epsilon == 0) w.epsilon = 5e-4f;
    if (!(w.epsilon > 0) || !isfinite(w.epsilon))
        return fv_fail(FV_BAD_ARGUMENT, "epsilon %g: must be above 0", (double)w.epsilon);
    if (w.images > fv_dataset_count(train)) w.images = fv_dataset_count(train);
    fv_model_input(model, &w.channels, &w.height, &w.width);
    fv_preprocess preprocess = model->preprocess;
    if (preprocess.std[0] == 0) preprocess = fv_dataset_preprocess(train, w.channels);
    fv_status status = whiten(&w, layer, &preprocess);
    fv_loader_free(w.loader);
    fv_free(w.sum);
    fv_free(w.values);
    fv_free(w.patch);
    fv_free(w.products);
    fv_free(w.vectors);
    return status;
}
