/* synthetic:fundus. Photographs are made on demand. */
#include "data/fundus.h"
#include "core/memory.h"
#include "data/dataset.h"

enum { SMALLEST = 16, LARGEST = 2048 };

typedef struct fundus_set {
    fv_dataset base;
    uint64_t seed;
} fundus_set;

static const struct {
    size_t count;
    uint32_t stream; /* what keeps the splits apart */
} splits[] = {[FV_TRAIN] = {800, 0}, [FV_VAL] = {200, 1}, [FV_TEST] = {200, 2}};

/* Each pair of images has one of each class, in random order. */
static fv_status read_label(const fv_dataset *dataset, size_t index, int *label) {
    const fundus_set *f = (const fundus_set *)dataset;
    fv_random r = fv_random_stream(f->seed, (uint64_t)splits[f->base.split].stream << 32 | index >> 1, FV_STREAM_SPLIT);
    *label = (int)((fv_random_u32(&r) ^ index) & 1);
    return FV_OK;
}

static fv_status make(const fundus_set *f, size_t index, int label, fv_image *image) {
    fv_fundus_scene *scene = FV_NEW(fv_fundus_scene);
    if (!scene) return FV_NO_MEMORY;
    fv_status status = fv_image_new(image, f->base.width, f->base.height, 3, 8);
    if (status == FV_OK) {
        fv_fundus_draw(scene, f->seed, (uint64_t)splits[f->base.split].stream << 32 | index, label == 1);
        status = fv_fundus_photograph(scene, f->base.width, image->owned);
        if (status != FV_OK) fv_image_free(image);
    }
    fv_free(scene);
    return status;
}

static fv_status read_image(const fv_dataset *dataset, size_t index, const fv_decode_want *want, fv_image *image,
                            int *label) {
    (void)want;
    FV_TRY(read_label(dataset, index, label));
    return make((const fundus_set *)dataset, index, *label, image);
}

static const fv_dataset_kind fundus_kind = {"fundus", true, read_image, read_label, NULL, NULL, NULL};

fv_dataset *fv_fundus_with(const fv_fundus_args *args) {
    static const char *const classes[] = {"normal", "pathologic_myopia"};
    int size = args->size ? args->size : 32;
    if (size < SMALLEST || size > LARGEST) {
        fv_fail(FV_BAD_ARGUMENT, "synthetic:fundus: size %d: must be %d..%d", size, SMALLEST, LARGEST);
        return NULL;
    }
    fundus_set *f = fv_dataset_new(&fundus_kind, sizeof *f, 2, classes);
    if (!f) return NULL;
    f->seed = args->seed;
    f->base.positive = 1;
    f->base.preprocess =
        (fv_preprocess){.mean = {0.50f, 0.24f, 0.12f}, .std = {0.10f, 0.08f, 0.06f}}; /* inside the field */
    f->base.split = args->split ? args->split : FV_TRAIN;
    size_t count = args->count ? args->count : splits[f->base.split].count;
    if (fv_dataset_set_size(&f->base, count, 3, size, size) == FV_OK &&
        fv_dataset_open_cache(&f->base, SIZE_MAX) == FV_OK)
        return &f->base;
    fv_dataset_free(&f->base);
    return NULL;
}
