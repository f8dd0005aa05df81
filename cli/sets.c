/* Sizes and SHA-256 are those of TensorFlow Datasets (url_checksums/), which took them from the same addresses. */
#include "sets.h"

#include "core/suggest.h"

#include <string.h>

enum { CIFAR10_BATCH = 10000 * 3073, CIFAR100_IMAGE = 3074, NAMES = 1 << 16 };

#define CIFAR_TERMS                                                                         \
    "terms: the authors state no licence\n"                                                 \
    "cite:  Alex Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009\n" \
    "home:  https://www.cs.toronto.edu/~kriz/cifar.html\n"

const cli_known_set cli_known_sets[] = {
    {.name = "mnist",
     .sources = {"https://ossci-datasets.s3.amazonaws.com/mnist/",
                 "https://storage.googleapis.com/cvdf-datasets/mnist/",
                 "http://yann.lecun.com/exdb/mnist/"}, /* the home comes last: it turns most programs away */
     .files =
         {{"train-images-idx3-ubyte.gz", 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
          {"train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
          {"t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
          {"t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}},
     .terms = "terms: Creative Commons Attribution-Share Alike 3.0, Yann LeCun and Corinna Cortes\n"
              "cite:  Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document "
              "recognition, 1998\n"
              "home:  http://yann.lecun.com/exdb/mnist/\n"},
    {.name = "fashion_mnist",
     .sources = {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", /* has no https */
                 "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/"},
     .files =
         {{"train-images-idx3-ubyte.gz", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
          {"train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
          {"t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
          {"t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"}},
     .terms = "terms: MIT, Copyright 2017 Zalando SE\n"
              "cite:  H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine "
              "Learning Algorithms, 2017\n"
              "home:  https://github.com/zalandoresearch/fashion-mnist\n"},
    {.name = "cifar10",
     .sources = {"https://www.cs.toronto.edu/~kriz/",
                 "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/"},
     .files = {{"cifar-10-binary.tar.gz", 170052171,
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"}},
     .members = {{"cifar-10-batches-bin/batches.meta.txt", NAMES},
                 {"cifar-10-batches-bin/data_batch_1.bin", CIFAR10_BATCH},
                 {"cifar-10-batches-bin/data_batch_2.bin", CIFAR10_BATCH},
                 {"cifar-10-batches-bin/data_batch_3.bin", CIFAR10_BATCH},
                 {"cifar-10-batches-bin/data_batch_4.bin", CIFAR10_BATCH},
                 {"cifar-10-batches-bin/data_batch_5.bin", CIFAR10_BATCH},
                 {"cifar-10-batches-bin/test_batch.bin", CIFAR10_BATCH}},
     .terms = CIFAR_TERMS},
    {.name = "cifar100",
     .sources = {"https://www.cs.toronto.edu/~kriz/"},
     .files = {{"cifar-100-binary.tar.gz", 168513733,
                "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"}},
     .members = {{"cifar-100-binary/fine_label_names.txt", NAMES},
                 {"cifar-100-binary/train.bin", 50000 * CIFAR100_IMAGE},
                 {"cifar-100-binary/test.bin", 10000 * CIFAR100_IMAGE}},
     .terms = CIFAR_TERMS},
};

const int cli_n_known_sets = sizeof cli_known_sets / sizeof *cli_known_sets;

const cli_known_set *cli_find_known_set(const char *name) {
    const char *names[sizeof cli_known_sets / sizeof *cli_known_sets];
    for (int i = 0; i < cli_n_known_sets; i++) {
        names[i] = cli_known_sets[i].name;
        if (strcmp(names[i], name) == 0) return &cli_known_sets[i];
    }
    fv_fail_unknown("set to get", name, names, (size_t)cli_n_known_sets);
    return NULL;
}
