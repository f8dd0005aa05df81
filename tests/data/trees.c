#include "data/trees.h"

#include "core/file.h"
#include "core/memory.h"
#include "data/dataset.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *place(const char *path) {
    char *folder = fv_folder_of(temporary("%s", path));
    assert_int_equal(fv_make_folders(folder), FV_OK);
    fv_free(folder);
    return temporary("%s", path);
}

void tree_text(const char *path, const char *text) { put_text(place(path), text); }

void tree_picture(const char *path, int width, int height, int color) {
    size_t samples = (size_t)width * (size_t)height * 3;
    char *bytes = malloc(32 + samples);
    assert_non_null(bytes);
    int head = snprintf(bytes, 32, "P6\n%d %d\n255\n", width, height);
    memset(bytes + head, color, samples);
    put_file(place(path), bytes, (size_t)head + samples);
    free(bytes);
}

int color_of(const fv_dataset *dataset, size_t index, int *label) {
    fv_image image;
    int own;
    if (fv_dataset_read(dataset, index, NULL, &image, label ? label : &own) != FV_OK) fail_msg("%s", fv_error());
    int color = *(const uint8_t *)image.pixels;
    fv_image_free(&image);
    return color;
}

void assert_refused(const fv_dataset *dataset, fv_status status, const char *message) {
    assert_null(dataset);
    assert_contains(fv_error(), message);
    assert_null(strchr(fv_error(), '\n'));
    assert_int_equal(fv_last_status(), status);
}
