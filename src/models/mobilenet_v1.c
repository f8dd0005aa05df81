/* MobileNet (Howard et al. 2017), table 1: depthwise 3x3 and pointwise convolutions in turn, ReLU behind both. Torchvision
 * has none; names are as in its MobileNetV2. */
#include "models/mobilenet.h"

static const struct row {
    int channels, stride; /* of the pointwise and of the depthwise convolution */
} rows[] = {
    {64, 1},  {128, 2}, {128, 1}, {256, 2}, {256, 1},  {512, 2},  {512, 1},
    {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1},
};
enum { ROWS = sizeof rows / sizeof *rows, STEM = 32 };

fv_value *fv_build_mobilenet_v1(const fv_arch *arch) {
    fv_graph *g = fv_graph_new("mobilenet_v1");
    fv_value *x = fv_input(g, arch->input[0], arch->input[1], arch->input[2]);
    fv_init init = fv_mobilenet_init(arch);
    int in = fv_mobilenet_width(STEM, arch);
    fv_scope(g, "features");
    x = fv_conv_bn(x, "0.0", "0.1", in, 3, .stride = 2, .act = fv_relu, .init = init);
    for (int i = 0; i < ROWS; i++) {
        int out = fv_mobilenet_width(rows[i].channels, arch);
        fv_scope(g, "%d", i + 1);
        x = fv_conv_bn(x, "0.0", "0.1", in, 3, .stride = rows[i].stride, .groups = in, .act = fv_relu, .init = init);
        x = fv_conv_bn(x, "1.0", "1.1", out, 1, .act = fv_relu, .init = init);
        fv_unscope(g);
        in = out;
    }
    fv_unscope(g);
    x = fv_flatten(fv_global_avg_pool(x));
    x = fv_linear(x, "classifier", arch->classes, .init = fv_mobilenet_linear_init(arch));
    if (!x) fv_graph_free(g);
    return x;
}
