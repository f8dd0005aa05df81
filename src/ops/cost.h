/* What steps cost, in seconds, roughly: only comparisons matter. */
#ifndef OPS_COST_H
#define OPS_COST_H

#include "ops/kernel.h"

enum { FV_NEVER = 1000000 }; /* seconds: a cost for what is known to be refused, so that nobody asks */

/* Reading or writing so many bytes of memory. */
double fv_cost_bytes(double bytes);
/* Reading every input and writing every output once. */
double fv_cost_traffic(const fv_node *node);
/* The same by a step that brings its own threads. */
double fv_cost_traffic_solo(const fv_node *node, int threads);

/* So many multiply-accumulates in FV_BATCH: threads wait for the one with most groups of images. */
double fv_cost_batch(size_t macs, int images, int threads);
/* By oneDNN, with so many channels side by side: few of them leave vectors empty. */
double fv_cost_dnn(size_t macs, int channels, int threads);

#endif
