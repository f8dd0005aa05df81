/* How kinds of dataset recognise a bare folder as theirs. */
#ifndef DATA_KINDS_H
#define DATA_KINDS_H

#include <stdbool.h>

bool fv_mnist_recognise(const char *folder);
/* The same files under a folder named after fashion; asked before fv_mnist_recognise. */
bool fv_fashion_mnist_recognise(const char *folder);

#endif
