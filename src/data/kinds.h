/* How kinds of dataset recognise a bare folder, or file, as theirs. */
#ifndef DATA_KINDS_H
#define DATA_KINDS_H

#include <stdbool.h>

bool fv_mnist_recognise(const char *folder);
/* The same files under a folder named after fashion; asked before fv_mnist_recognise. */
bool fv_fashion_mnist_recognise(const char *folder);
bool fv_cifar10_recognise(const char *folder);
bool fv_cifar100_recognise(const char *folder);
bool fv_palm_recognise(const char *folder);
/* Pictures a folder or two below; asked last, since it takes anything. */
bool fv_folder_recognise(const char *folder);
bool fv_csv_recognise(const char *path);

#endif
