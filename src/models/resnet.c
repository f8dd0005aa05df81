/* Residual networks (He et al., "Deep residual learning for image recognition", 2016, table 1 and section 4.2), with
 * torchvision's names and, in a bottleneck, its stride in the 3x3. Convolutions start as He et al. 2015 have it, the head as
 * U(+-1/sqrt(features)): the book's initialisation; torchvision's convolutions are init=kaiming_fan_out. */
#include "models/conv_bn.h"
#include "models/models.h"

#include "core/status.h"

#include <stddef.h>

enum { STAGES = 4, EXPANSION = 4 /* of a bottleneck's output */ };

typedef struct design {
    const char *name;
    int blocks[STAGES]; /* of each stage; its width is twice the one before's */
    bool bottleneck;    /* a block is 1x1, 3x3, 1x1 in place of 3x3, 3x3 */
    int groups, width;  /* of a bottleneck's 3x3: groups, and channels of each in the first stage; default 1 and 64 */
    bool cifar;         /* a stem for small images, and a quarter of the width */
    bool plain;         /* no shortcuts: what residual networks are compared with */
} design;

typedef struct network {
    const design *design;
    const fv_arch *arch;
    fv_value *(*act)(fv_value *x);
} network;

/* ---- Blocks ------------------------------------------------------------------------------------------------------ */

/* Two 3x3. */
static fv_value *basic(const network *net, fv_value *x, int width, int stride) {
    x = fv_conv_bn(x, "conv1", "bn1", width, 3, .stride = stride, .act = net->act, .init = net->arch->init);
    return fv_conv_bn(x, "conv2", "bn2", width, 3, .zero = net->arch->zero_init_residual, .init = net->arch->init);
}

/* 1x1 to fewer channels, 3x3 in groups, 1x1 to many. Wide ResNet (Zagoruyko and Komodakis 2016) and ResNeXt (Xie et al.
 * 2017) differ in the middle alone. */
static fv_value *bottleneck(const network *net, fv_value *x, int width, int stride) {
    const design *d = net->design;
    int groups = d->groups ? d->groups : 1, inner = d->width ? width * d->width / 64 * groups : width;
    x = fv_conv_bn(x, "conv1", "bn1", inner, 1, .act = net->act, .init = net->arch->init);
    x = fv_conv_bn(x, "conv2", "bn2", inner, 3, .stride = stride, .groups = groups, .act = net->act,
                   .init = net->arch->init);
    return fv_conv_bn(x, "conv3", "bn3", width * EXPANSION, 1, .zero = net->arch->zero_init_residual,
                      .init = net->arch->init);
}

static int channels(const fv_value *x) {
    int c, h, w;
    fv_value_shape(x, &c, &h, &w);
    return c;
}

/* x, or a projection where the branch changes its shape. The CIFAR networks of the paper pad with zero channels there; a
 * projection (its option B) costs 1 % more parameters. */
static fv_value *shortcut(const network *net, fv_value *x, int width, int stride) {
    if (stride == 1 && channels(x) == width) return x;
    return fv_conv_bn(x, "downsample.0", "downsample.1", width, 1, .stride = stride, .init = net->arch->init);
}

static fv_value *block(const network *net, fv_value *x, int width, int stride) {
    fv_value *y = (net->design->bottleneck ? bottleneck : basic)(net, x, width, stride);
    if (!net->design->plain) y = fv_add(y, shortcut(net, x, channels(y), stride));
    return net->act(y);
}

/* ---- The network --------------------------------------------------------------------------------------------------- */

static fv_value *stem(const network *net, fv_value *x, int width) {
    bool cifar = net->design->cifar;
    x = fv_conv_bn(x, "conv1", "bn1", width, cifar ? 3 : 7, .stride = cifar ? 1 : 2, .act = net->act,
                   .init = net->arch->init);
    return cifar ? x : fv_max_pool(x, 3, .stride = 2, .pad = 1);
}

static fv_value *build(const fv_arch *arch, const design *d) {
    const network net = {.design = d, .arch = arch, .act = arch->leaky ? fv_leaky_tenth : fv_relu};
    const fv_init head = arch->init.kind ? arch->init : (fv_init){.kind = FV_INIT_FAN_IN_UNIFORM};
    int width = d->cifar ? 16 : 64;
    fv_graph *g = fv_graph_new(d->name);
    fv_value *x = stem(&net, fv_input(g, arch->input[0], arch->input[1], arch->input[2]), width);
    for (int stage = 0; stage < STAGES; stage++, width *= 2)
        for (int i = 0; i < d->blocks[stage]; i++) {
            fv_scope(g, "layer%d.%d", stage + 1, i);
            x = block(&net, x, width, stage > 0 && i == 0 ? 2 : 1);
            fv_unscope(g);
        }
    x = fv_linear(fv_flatten(fv_global_avg_pool(x)), "fc", arch->classes, .init = head);
    if (!x) fv_graph_free(g);
    return x;
}

#define NETWORK(name_, ...) \
    fv_value *fv_build_##name_(const fv_arch *arch) { return build(arch, &(design){.name = #name_, __VA_ARGS__}); }

NETWORK(resnet18, {2, 2, 2, 2})
NETWORK(resnet34, {3, 4, 6, 3})
NETWORK(resnet50, {3, 4, 6, 3}, .bottleneck = true)
NETWORK(resnet101, {3, 4, 23, 3}, .bottleneck = true)
NETWORK(resnet152, {3, 8, 36, 3}, .bottleneck = true)
NETWORK(resnext50_32x4d, {3, 4, 6, 3}, .bottleneck = true, .groups = 32, .width = 4)
NETWORK(wide_resnet50_2, {3, 4, 6, 3}, .bottleneck = true, .width = 128)
NETWORK(resnet20, {3, 3, 3}, .cifar = true)
NETWORK(resnet56, {9, 9, 9}, .cifar = true)
NETWORK(plain18, {2, 2, 2, 2}, .plain = true)
NETWORK(plain34, {3, 4, 6, 3}, .plain = true)
NETWORK(plain20, {3, 3, 3}, .cifar = true, .plain = true)
NETWORK(plain56, {9, 9, 9}, .cifar = true, .plain = true)

/* As the book calls them: resnet:layers=50. */
fv_value *fv_build_resnet(const fv_arch *arch) {
    static const struct {
        int layers;
        fv_value *(*build)(const fv_arch *arch);
    } depths[] = {{18, fv_build_resnet18},
                  {34, fv_build_resnet34},
                  {50, fv_build_resnet50},
                  {101, fv_build_resnet101},
                  {152, fv_build_resnet152}};
    int layers = arch->layers ? arch->layers : 50;
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++)
        if (depths[i].layers == layers) return depths[i].build(arch);
    fv_fail(FV_BAD_ARGUMENT, "resnet:layers=%d: supported layers are 18, 34, 50, 101, 152", layers);
    return NULL;
}
