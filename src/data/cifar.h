/* The binary files of CIFAR-10 and CIFAR-100 (Krizhevsky 2009): records of a label or two, one byte each, and 3x32x32 bytes,
 * red, green and blue after each other. */
#ifndef DATA_CIFAR_H
#define DATA_CIFAR_H

#include "core/status.h"

enum { FV_CIFAR_SIDE = 32, FV_CIFAR_IMAGE = 3 * FV_CIFAR_SIDE * FV_CIFAR_SIDE };

/* Checks the records of a file, and makes each image [32,32,3] in place; the label that counts is the last of `labels` before
 * it, and must be below `classes`. *count: how many there are. */
fv_status fv_cifar_parse(uint8_t *bytes, size_t size, const char *name, int labels, int classes, size_t *count);

#endif
