#include "image/pictures.h"

#include "support/unit.h"

fv_image picture(int width, int height, int channels, int depth) {
    fv_image image;
    assert_int_equal(fv_image_new(&image, width, height, channels, depth), FV_OK);
    for (size_t i = 0; i < fv_image_samples(&image); i++) {
        uint8_t value = (uint8_t)(i * 2654435761u >> 7 & 255);
        if (depth == 8)
            ((uint8_t *)image.owned)[i] = value;
        else
            ((uint16_t *)image.owned)[i] = (uint16_t)(value * 257);
    }
    return image;
}
