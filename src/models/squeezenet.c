/* SqueezeNet (Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016, table 1), with
 * torchvision's names; 1.1 is its authors' later one, of 2.4 times less arithmetic. Initialised as torchvision's: He et al.
 * 2015, uniform, and the classifier N(0, 0.01^2). */
#include "models/models.h"

#include "fovea/ops.h"

enum { STEPS = 11 };

/* After the first convolution, numbered from 2 as torchvision does: a fire module by its squeezed width (both its expanded
 * parts are four times as wide), or a max pool. */
typedef struct design {
    const char *name;
    int width, kernel; /* of the first convolution, stride 2 */
    int steps[STEPS];  /* 0: a max pool */
} design;

static fv_init weights(const fv_arch *arch) {
    return arch->init.kind ? arch->init : (fv_init){.kind = FV_INIT_KAIMING_UNIFORM};
}

static fv_value *fire(const fv_arch *arch, fv_value *x, int width) {
    x = fv_relu(fv_conv2d(x, "squeeze", width, 1, .init = weights(arch)));
    fv_value *one = fv_relu(fv_conv2d(x, "expand1x1", 4 * width, 1, .init = weights(arch)));
    fv_value *three = fv_relu(fv_conv2d(x, "expand3x3", 4 * width, 3, .pad = 1, .init = weights(arch)));
    return fv_concat((fv_value *[]){one, three}, 2);
}

static fv_value *features(const fv_arch *arch, const design *d, fv_value *x) {
    fv_graph *g = fv_value_graph(x);
    x = fv_relu(fv_conv2d(x, "features.0", d->width, d->kernel, .stride = 2, .init = weights(arch)));
    for (int i = 0; i < STEPS; i++) {
        fv_scope(g, "features.%d", i + 2);
        x = d->steps[i] ? fire(arch, x, d->steps[i]) : fv_max_pool(x, 3, .stride = 2, .ceil_mode = true);
        fv_unscope(g);
    }
    return x;
}

static fv_value *build(const fv_arch *arch, const design *d) {
    const fv_init last = arch->init.kind ? arch->init : (fv_init){.kind = FV_INIT_NORMAL, .scale = 0.01f};
    fv_graph *g = fv_graph_new(d->name);
    fv_value *x = features(arch, d, fv_input(g, arch->input[0], arch->input[1], arch->input[2]));
    x = fv_dropout(x, fv_dropout_rate(arch, 0.5f));
    x = fv_relu(fv_conv2d(x, "classifier.1", arch->classes, 1, .init = last));
    x = fv_flatten(fv_global_avg_pool(x));
    if (!x) fv_graph_free(g);
    return x;
}

fv_value *fv_build_squeezenet1_0(const fv_arch *arch) {
    return build(arch, &(design){"squeezenet1_0", 96, 7, {0, 16, 16, 32, 0, 32, 48, 48, 64, 0, 64}});
}

fv_value *fv_build_squeezenet1_1(const fv_arch *arch) {
    return build(arch, &(design){"squeezenet1_1", 64, 3, {0, 16, 16, 0, 32, 32, 0, 48, 48, 64, 64}});
}
