/* dnn [avx2|avx512]: milliseconds and GFLOP/s of oneDNN's convolutions and linears on the
 * layers of ResNet-50 and AlexNet, batch 8, for each pass. A dash: refused. The best of several runs, weights in the
 * layout that each primitive wants, activations blocked except for the images. */
#include "kernels/dnn.h"

#include "core/clock.h"
#include "core/memory.h"
#include "kernels/cpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 8, RUNS = 21 };

typedef struct layer {
    const char *name;
    int count; /* how often the network has it */
    int ic, oc, size, kernel, stride, pad, groups;
} layer;

static const layer layers[] = {
    {"resnet50 conv1", 1, 3, 64, 224, 7, 2, 3, 1},         {"layer1 1x1 64-64", 1, 64, 64, 56, 1, 1, 0, 1},
    {"layer1 3x3 64", 3, 64, 64, 56, 3, 1, 1, 1},          {"layer1 1x1 64-256", 4, 64, 256, 56, 1, 1, 0, 1},
    {"layer1 1x1 256-64", 2, 256, 64, 56, 1, 1, 0, 1},     {"layer2 1x1 256-128", 1, 256, 128, 56, 1, 1, 0, 1},
    {"layer2 3x3 128 /2", 1, 128, 128, 56, 3, 2, 1, 1},    {"layer2 1x1 256-512 /2", 1, 256, 512, 56, 1, 2, 0, 1},
    {"layer2 3x3 128", 3, 128, 128, 28, 3, 1, 1, 1},       {"layer2 1x1 128-512", 4, 128, 512, 28, 1, 1, 0, 1},
    {"layer2 1x1 512-128", 3, 512, 128, 28, 1, 1, 0, 1},   {"layer3 1x1 512-256", 1, 512, 256, 28, 1, 1, 0, 1},
    {"layer3 3x3 256 /2", 1, 256, 256, 28, 3, 2, 1, 1},    {"layer3 1x1 512-1024 /2", 1, 512, 1024, 28, 1, 2, 0, 1},
    {"layer3 3x3 256", 5, 256, 256, 14, 3, 1, 1, 1},       {"layer3 1x1 256-1024", 6, 256, 1024, 14, 1, 1, 0, 1},
    {"layer3 1x1 1024-256", 5, 1024, 256, 14, 1, 1, 0, 1}, {"layer4 1x1 1024-512", 1, 1024, 512, 14, 1, 1, 0, 1},
    {"layer4 3x3 512 /2", 1, 512, 512, 14, 3, 2, 1, 1},    {"layer4 1x1 1024-2048 /2", 1, 1024, 2048, 14, 1, 2, 0, 1},
    {"layer4 3x3 512", 2, 512, 512, 7, 3, 1, 1, 1},        {"layer4 1x1 512-2048", 3, 512, 2048, 7, 1, 1, 0, 1},
    {"layer4 1x1 2048-512", 2, 2048, 512, 7, 1, 1, 0, 1},  {"alexnet conv1", 1, 3, 96, 224, 11, 4, 5, 1},
    {"alexnet conv2", 1, 96, 256, 28, 5, 1, 2, 1},         {"alexnet conv3", 1, 256, 384, 14, 3, 1, 1, 1},
    {"alexnet conv4", 1, 384, 384, 14, 3, 1, 1, 1},        {"alexnet conv5", 1, 384, 256, 14, 3, 1, 1, 1},
    {"alexnet fc1", 1, 12544, 4096, 0, 0, 0, 0, 0}, /* size 0: linear */
    {"alexnet fc2", 1, 4096, 4096, 0, 0, 0, 0, 0},         {"mobilenet dw 3x3 144", 1, 144, 144, 56, 3, 1, 1, 144},
};

static void die(void) {
    fprintf(stderr, "bench dnn: %s\n", fv_error());
    exit(1);
}

static float *buffer(size_t bytes) {
    float *data = fv_map(bytes);
    if (!data) die();
    for (size_t i = 0; i < bytes / sizeof *data; i++) data[i] = 0.01f * (float)(i % 7);
    return data;
}

static int out_size(const layer *l) { return l->size ? (l->size + 2 * l->pad - l->kernel) / l->stride + 1 : 1; }

static fv_prim *create(const layer *l, int block, fv_dnn_pass pass) {
    fv_prim *p;
    int out = out_size(l);
    fv_dnn_linear linear = {.n = BATCH, .in = l->ic, .out = l->oc, .bias = true};
    fv_dnn_conv conv = {
        .shape = {.n = BATCH,
                  .ic = l->ic,
                  .ih = l->size,
                  .iw = l->size,
                  .oc = l->oc,
                  .oh = out,
                  .ow = out,
                  .kernel = {l->kernel, l->kernel},
                  .stride = {l->stride, l->stride},
                  .dilation = {1, 1},
                  .pad = {l->pad, l->pad, l->pad, l->pad},
                  .groups = l->groups},
        .src = l->ic == 3 ? FV_PLAIN : FV_BLOCKED,
        .dst = FV_BLOCKED,
        .block = block,
    };
    fv_status status = l->size ? fv_dnn_conv_new(&conv, pass, NULL, &p) : fv_dnn_linear_new(&linear, pass, NULL, &p);
    if (status != FV_OK) die();
    return p;
}

/* Seconds of the fastest run. */
static double time_runs(fv_prim *p, const layer *l) {
    int out = out_size(l), in = l->size ? l->size : 1;
    size_t x = sizeof(float) * BATCH * (size_t)((l->ic + 15) / 16 * 16) * (size_t)in * (size_t)in;
    size_t y = sizeof(float) * BATCH * (size_t)((l->oc + 15) / 16 * 16) * (size_t)out * (size_t)out;
    size_t w = fv_dnn_layout_bytes(fv_prim_weights(p)), b = sizeof(float) * (size_t)l->oc, s = fv_prim_scratch(p);
    float *x_data = buffer(x), *y_data = buffer(y), *w_data = buffer(w), *b_data = buffer(b), *s_data = buffer(s);
    fv_prim_args args = {.src = x_data,
                         .diff_src = x_data,
                         .dst = y_data,
                         .diff_dst = y_data,
                         .weights = w_data,
                         .diff_weights = w_data,
                         .bias = b_data,
                         .diff_bias = b_data,
                         .scratch = s_data};
    double best = 1e9;
    for (int run = 0; run < RUNS; run++) {
        double start = fv_seconds();
        if (fv_prim_run(p, &args) != FV_OK) die();
        double seconds = fv_seconds() - start;
        if (seconds < best) best = seconds;
    }
    fv_unmap(x_data, x), fv_unmap(y_data, y), fv_unmap(w_data, w), fv_unmap(b_data, b), fv_unmap(s_data, s);
    return best;
}

static void report(const layer *l, int block) {
    static const fv_dnn_pass passes[] = {FV_DNN_TRAIN, FV_DNN_BACKWARD, FV_DNN_BACKWARD_WEIGHTS};
    double out = out_size(l), kernel = l->size ? l->kernel : 1, groups = l->size ? l->groups : 1;
    double flops = 2.0 * BATCH * l->ic / groups * l->oc * kernel * kernel * out * out;
    printf("%-24s %2d", l->name, l->count);
    for (int i = 0; i < 3; i++) {
        fv_prim *p = create(l, block, passes[i]);
        if (!p) {
            printf(" | %8s %6s %-20s", "-", "-", "");
            continue;
        }
        double seconds = time_runs(p, l);
        printf(" | %8.3f %6.1f %-20s", seconds * 1e3, flops / seconds * 1e-9, fv_prim_implementation(p));
        fv_prim_free(p);
    }
    printf("\n");
    fflush(stdout);
}

int main(int argc, char **argv) {
    int block = fv_block();
    for (int i = 1; i < argc; i++) {
        if (fv_dnn_max_isa(argv[i]) != FV_OK) die();
        block = strcmp(argv[i], "avx512") == 0 ? 16 : 8;
    }
    printf("%s, blocks of %d, batch %d; ms, GFLOP/s, implementation\n", fv_dnn_version(), block, BATCH);
    printf("%-24s %2s | %-36s | %-36s | %-36s\n", "layer", "x", "forward", "backward", "backward weights");
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) report(&layers[i], block);
    return 0;
}
