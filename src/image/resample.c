#include "image/resample.h"

typedef fv_status resampler(const fv_image *in, const fv_axis *x, const fv_axis *y, fv_image *out);

static resampler *const resamplers[] = {
    [FV_RESIZE_DEFAULT] = fv_resample_pil,
    [FV_RESIZE_PIL] = fv_resample_pil,
    [FV_RESIZE_CV2] = fv_resample_cv2,
};

fv_status fv_resample(const fv_image *in, fv_resize how, const fv_axis *x, const fv_axis *y, fv_image *out) {
    *out = (fv_image){0};
    if (x->count < 1 || y->count < 1)
        return fv_fail(FV_BAD_ARGUMENT, "resize to %dx%d: a side must be at least 1", x->count, y->count);
    return resamplers[how](in, x, y, out);
}
