/* Measured on one AMD EPYC core with AVX-512 (about 125 Gflop/s on LeNet's convolutions by either kernel); on large ones
 * FV_BATCH takes a fifth longer than oneDNN, which is what the two shares stand for. */
#include "ops/cost.h"

static const double bytes_per_second = 20e9;
static const double macs_per_second = 50e9;               /* of one core at its peak */
static const double batch_share = 0.75, dnn_share = 0.88; /* of that peak */
static const double solo_seconds = 8e-6;                  /* to start a thread of a step that brings its own */

double fv_cost_bytes(double bytes) { return bytes / bytes_per_second; }

double fv_cost_traffic(const fv_node *node) {
    double bytes = 0;
    for (int i = 0; i < node->n_in; i++) bytes += sizeof(float) * (double)fv_shape_count(&node->in[i]->shape);
    for (int i = 0; i < node->n_out; i++) bytes += sizeof(float) * (double)fv_shape_count(&node->out[i].shape);
    return fv_cost_bytes(bytes);
}

double fv_cost_traffic_solo(const fv_node *node, int threads) { return fv_cost_traffic(node) + solo_seconds * threads; }

double fv_cost_batch(size_t macs, int images, int threads) {
    int groups = (images + FV_BATCH_WIDTH - 1) / FV_BATCH_WIDTH, most = (groups + threads - 1) / threads;
    double lanes = (double)groups * FV_BATCH_WIDTH / images;
    return (double)macs * lanes / (batch_share * macs_per_second) * most / groups;
}

double fv_cost_dnn(size_t macs, int channels, int threads) {
    double lanes = channels < 16 ? 16.0 / channels : 1;
    return solo_seconds * threads + (double)macs * lanes / (dnn_share * macs_per_second * threads);
}
