/* The mean over T pictures of the probabilities p (softmax, or sigmoid for one logit), told as the logits that give it:
 *
 *     log(p1 + ... + pT) for each class, less log T, which softmax does not see;   one logit: the same of p less that of 1 - p
 *
 * so that whatever follows, be it a loss, a rank or a threshold, works on logits as ever. Sums are of logarithms: no
 * probability is too small. */
#include "train/views.h"

#include "core/memory.h"
#include "train/predictor.h"

#include <math.h>

const char *fv_tta_name(int index) {
    static const char *const names[] = {"none",  "flip",       "vflip",       "both",
                                        "shift", "flip+shift", "vflip+shift", "both+shift"};
    return index >= 0 && index < (int)(sizeof names / sizeof *names) ? names[index] : NULL;
}

/* ---- Life ------------------------------------------------------------------------------------------------------------ */

static size_t image_floats(const fv_model *model) { return fv_shape_count(&model->graph->input->shape); }

static size_t sums_of(int outputs) { return outputs == 1 ? 2 : (size_t)outputs; }

size_t fv_views_bytes(const fv_views *f, const fv_model *model) {
    size_t outputs = (size_t)fv_model_outputs(model), floats = image_floats(model) + outputs;
    if (f->tta == FV_TTA_NONE) return 0;
    return (size_t)f->batch * (floats * sizeof *f->x + sums_of((int)outputs) * sizeof *f->sums);
}

fv_status fv_views_make(const fv_model *model, fv_tta tta, int batch, fv_views *f) {
    size_t outputs = (size_t)fv_model_outputs(model), n = (size_t)batch, floats;
    *f = (fv_views){.tta = tta, .batch = batch};
    if (!fv_tta_name((int)tta))
        return fv_fail(FV_BAD_ARGUMENT, "tta %d: no sum of FV_TTA_FLIP, FV_TTA_VFLIP and FV_TTA_SHIFT", (int)tta);
    if (tta == FV_TTA_NONE) return FV_OK;
    if (!fv_size_mul(n, image_floats(model), &floats))
        return fv_fail(FV_NO_MEMORY, "%d images at once are more than memory can hold", batch);
    f->x = fv_alloc(floats, sizeof *f->x);
    f->logits = f->x ? fv_alloc(n, outputs * sizeof *f->logits) : NULL;
    f->sums = f->logits ? fv_alloc(n, sums_of((int)outputs) * sizeof *f->sums) : NULL;
    return f->sums ? FV_OK : FV_NO_MEMORY;
}

void fv_views_free(fv_views *f) {
    fv_free(f->x);
    fv_free(f->logits);
    fv_free(f->sums);
}

/* ---- Views ----------------------------------------------------------------------------------------------------------- */

/* Where a view finds its pixels along an axis of `size`. */
typedef struct axis {
    bool mirrored;
    int size, shift;
} axis;

/* Beyond an edge lies the mirror image, which does not repeat the edge. */
static int from(const axis *a, int i) {
    i += a->shift;
    if (i < 0) i = -i;
    if (i >= a->size) i = 2 * a->size - 2 - i;
    return a->mirrored ? a->size - 1 - i : i;
}

static void draw(const float *in, size_t planes, const axis *down, const axis *across, float *out) {
    for (size_t p = 0; p < planes; p++, in += down->size * across->size)
        for (int y = 0; y < down->size; y++) {
            const float *row = in + from(down, y) * across->size;
            for (int x = 0; x < across->size; x++) *out++ = row[from(across, x)];
        }
}

/* A 32nd of a side, rounded up, but no more than a mirror image can fill. */
static int step_along(int size) { return size > 1 ? (size + 31) / 32 : 0; }

/* ---- Means ----------------------------------------------------------------------------------------------------------- */

/* log(exp(a) + exp(b)) */
static double log_add(double a, double b) {
    if (a == b) return a + log(2); /* infinities, too */
    return fmax(a, b) + log1p(exp(-fabs(a - b)));
}

/* Adds one picture's probabilities to the sums; the first begins them. */
static void add(const float *z, int outputs, bool first, double *sums) {
    double total = -INFINITY;
    for (int c = 0; c < outputs; c++) total = log_add(total, z[c]);
    if (outputs == 1) total = log_add(total, 0); /* sigmoid: softmax of z and 0 */
    for (size_t c = 0; c < sums_of(outputs); c++) {
        double log_p = ((int)c < outputs ? z[c] : 0) - total;
        sums[c] = first ? log_p : log_add(sums[c], log_p);
    }
}

/* One view of n pictures: mirrored as `how` says and moved by `move` steps along both axes. */
static fv_status add_view(fv_views *f, fv_session *session, const float *x, size_t n, int how, int move) {
    const fv_model *model = session->model;
    bool original = how == FV_TTA_NONE && move == 0;
    int c, h, w, outputs = fv_model_outputs(model);
    fv_model_input(model, &c, &h, &w);
    axis down = {how & FV_TTA_VFLIP, h, move * step_along(h)}, across = {how & FV_TTA_FLIP, w, move * step_along(w)};
    if (!original) draw(x, n * (size_t)c, &down, &across, f->x);
    FV_TRY(fv_session_forward(session, f->batch, original ? x : f->x, n, f->logits));
    for (size_t i = 0; i < n; i++)
        add(f->logits + i * (size_t)outputs, outputs, original, f->sums + i * sums_of(outputs));
    return FV_OK;
}

static fv_status forward_batch(fv_views *f, fv_session *session, const float *x, size_t n, float *logits) {
    static const int moves[] = {0, -1, 1};
    int outputs = fv_model_outputs(session->model), n_moves = f->tta & FV_TTA_SHIFT ? 3 : 1;
    for (int how = FV_TTA_NONE; how <= FV_TTA_BOTH; how++)
        for (int m = 0; m < n_moves; m++)
            if ((how & (int)f->tta) == how) FV_TRY(add_view(f, session, x, n, how, moves[m]));
    for (size_t i = 0; i < n * (size_t)outputs; i++)
        logits[i] = (float)(outputs == 1 ? f->sums[2 * i] - f->sums[2 * i + 1] : f->sums[i]);
    return FV_OK;
}

fv_status fv_views_forward(fv_views *f, fv_session *session, const float *x, size_t n, float *logits) {
    if (f->tta == FV_TTA_NONE) return fv_session_forward(session, f->batch, x, n, logits);
    size_t image = image_floats(session->model), outputs = (size_t)fv_model_outputs(session->model);
    for (size_t count; n > 0; n -= count, x += count * image, logits += count * outputs) {
        count = n < (size_t)f->batch ? n : (size_t)f->batch;
        FV_TRY(forward_batch(f, session, x, count, logits));
    }
    return FV_OK;
}
