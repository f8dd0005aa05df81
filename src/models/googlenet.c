/* GoogLeNet (Szegedy et al., "Going deeper with convolutions", 2015, table 1), with torchvision's names. Convolutions
 * start as He et al. 2015 have it, linear layers as Glorot and Bengio.
 *
 * googlenet     the paper's: biases, two auxiliary heads; the book's is googlenet:stem_stride=1,no_aux=1,dropout=0
 * googlenet_bn  the one that published weights are for: batch norm, pools in ceil_mode, 3x3 for the paper's 5x5 */
#include "models/conv_bn.h"
#include "models/models.h"

#include "core/status.h"

#include <stddef.h>

/* The branches of an inception block, joined along channels: 1x1; 1x1 -> 3x3; 1x1 -> 5x5; max pool -> 1x1. */
typedef struct inception {
    const char *name;
    int one, reduce3, three, reduce5, five, pool;
    int pool_after;   /* kernel of a max pool behind it, stride 2; 0: none */
    const char *head; /* an auxiliary head on its output; NULL: none */
} inception;

enum { BLOCKS = 9 };
/* clang-format off */
static const inception blocks[BLOCKS] = {
    /*               1x1   1x1  3x3   1x1  5x5  pool  behind it */
    {"inception3a",   64,   96, 128,   16,  32,   32, 0, NULL},
    {"inception3b",  128,  128, 192,   32,  96,   64, 3, NULL},
    {"inception4a",  192,   96, 208,   16,  48,   64, 0, "aux1"},
    {"inception4b",  160,  112, 224,   24,  64,   64, 0, NULL},
    {"inception4c",  128,  128, 256,   24,  64,   64, 0, NULL},
    {"inception4d",  112,  144, 288,   32,  64,   64, 0, "aux2"},
    {"inception4e",  256,  160, 320,   32, 128,  128, 2, NULL},
    {"inception5a",  256,  160, 320,   32, 128,  128, 0, NULL},
    {"inception5b",  384,  192, 384,   48, 128,  128, 0, NULL},
};
/* clang-format on */

typedef struct network {
    const fv_arch *arch;
    bool bn;
} network;

/* ---- Bricks -------------------------------------------------------------------------------------------------------- */

static fv_value *conv(const network *net, fv_value *x, const char *name, int width, int kernel, int stride) {
    fv_graph *g = fv_value_graph(x);
    fv_scope(g, "%s", name);
    if (net->bn)
        x = fv_conv_bn(x, "conv", "bn", width, kernel, .stride = stride, .act = fv_relu, .epsilon = 1e-3f,
                       .init = net->arch->init);
    else
        x = fv_relu(fv_conv2d(x, "conv", width, kernel, .stride = stride, .pad = kernel / 2, .init = net->arch->init));
    fv_unscope(g);
    return x;
}

/* Halves the map: padded by 1, or with a last window over the edge, which gives the same size but for the border. The 2x2 is
 * torchvision's alone. */
static fv_value *pool(const network *net, fv_value *x, int kernel) {
    return net->bn ? fv_max_pool(x, kernel, .stride = 2, .ceil_mode = true) : fv_max_pool(x, 3, .stride = 2, .pad = 1);
}

static fv_value *add_inception(const network *net, fv_value *x, const inception *b) {
    fv_graph *g = fv_value_graph(x);
    fv_scope(g, "%s", b->name);
    fv_value *one = conv(net, x, "branch1", b->one, 1, 1);
    fv_value *three = conv(net, conv(net, x, "branch2.0", b->reduce3, 1, 1), "branch2.1", b->three, 3, 1);
    fv_value *five = conv(net, x, "branch3.0", b->reduce5, 1, 1);
    five = conv(net, five, "branch3.1", b->five, net->bn ? 3 : 5, 1);
    fv_value *pooled = conv(net, fv_max_pool(x, 3, .stride = 1, .pad = 1), "branch4.1", b->pool, 1, 1);
    x = fv_concat((fv_value *[]){one, three, five, pooled}, 4);
    fv_unscope(g);
    return x;
}

/* An auxiliary head (section 5 of the paper). The pool makes 4x4 of the 14x14 of a 224x224 image, and 4x4 or less is taken
 * as it is; torchvision's adaptive pool differs a little in between, where its windows are of uneven distance. */
static fv_status add_head(const network *net, fv_value *x, const char *name) {
    int c, h, w;
    fv_graph *g = fv_value_graph(x);
    fv_value_shape(x, &c, &h, &w);
    fv_scope(g, "%s", name);
    if (h > 4 && w > 4) x = fv_avg_pool(x, 5, .stride = 3);
    x = conv(net, x, "conv", 128, 1, 1);
    x = fv_relu(fv_linear(fv_flatten(x), "fc1", 1024, .init = net->arch->init));
    x = fv_linear(fv_dropout(x, fv_dropout_rate(net->arch, 0.7f)), "fc2", net->arch->classes, .init = net->arch->init);
    fv_unscope(g);
    return fv_auxiliary(x, 0.3f);
}

/* ---- The network --------------------------------------------------------------------------------------------------- */

/* The paper normalises twice (lrn=1); the book and torchvision do not. */
static fv_value *stem(const network *net, fv_value *x) {
    const bool lrn = net->arch->lrn;
    x = pool(net, conv(net, x, "conv1", 64, 7, net->arch->stem_stride ? net->arch->stem_stride : 2), 3);
    x = conv(net, lrn ? fv_lrn(x) : x, "conv2", 64, 1, 1);
    x = conv(net, x, "conv3", 192, 3, 1);
    return pool(net, lrn ? fv_lrn(x) : x, 3);
}

/* The heads come after all blocks, as torchvision lists their parameters. */
static fv_value *body(const network *net, fv_value *x) {
    fv_value *within[BLOCKS];
    x = stem(net, x);
    for (int i = 0; i < BLOCKS; i++) {
        x = within[i] = add_inception(net, x, &blocks[i]);
        if (blocks[i].pool_after) x = pool(net, x, blocks[i].pool_after);
    }
    for (int i = 0; i < BLOCKS && !net->arch->no_aux; i++)
        if (blocks[i].head && add_head(net, within[i], blocks[i].head)) return NULL;
    return x;
}

/* Dropout before the last layer is 0.4 in the paper, and 0.2 in torchvision. */
static fv_value *build(const fv_arch *arch, const char *name, bool bn) {
    const network net = {.arch = arch, .bn = bn};
    fv_graph *g = fv_graph_new(name);
    fv_value *x = body(&net, fv_input(g, arch->input[0], arch->input[1], arch->input[2]));
    x = fv_dropout(fv_flatten(fv_global_avg_pool(x)), fv_dropout_rate(arch, bn ? 0.2f : 0.4f));
    x = fv_linear(x, "fc", arch->classes, .init = arch->init);
    if (!x) fv_graph_free(g);
    return x;
}

fv_value *fv_build_googlenet(const fv_arch *arch) { return build(arch, "googlenet", false); }
fv_value *fv_build_googlenet_bn(const fv_arch *arch) { return build(arch, "googlenet_bn", true); }
