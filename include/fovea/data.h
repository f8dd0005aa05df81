/* fovea/data.h: datasets and how an image becomes a network's input.
 *
 * A dataset is a list of (image, label) that can be read in any order from several threads. Labels are class indices
 * from 0. An image keeps its size, depth and channels until preprocessing asks otherwise. */
#ifndef FOVEA_DATA_H
#define FOVEA_DATA_H

#include "fovea/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fv_dataset fv_dataset;

typedef enum fv_split { FV_SPLIT_DEFAULT = 0, FV_TRAIN, FV_VAL, FV_TEST } fv_split;

/* ---- Opening -------------------------------------------------------------------------------------------------- */

/* SPEC is "kind:where[,key=value...]", the grammar of the program's --data:
 *   mnist:DIR, fashion_mnist:DIR     the four IDX files, plain or .gz        keys: split=train|test, limit=N
 *   cifar10:DIR, cifar100:DIR        the binary files                        keys: split=train|test, limit=N
 *   palm:DIR                         fundus photographs, see fv_palm         keys: split=train|val, limit=N
 *   folder:DIR                       a folder a class, see fv_folder         keys: split=train|val|test, limit=N, positive=CLASS
 *   csv:FILE                         lines path,label, see fv_csv            keys: limit=N, positive=CLASS, group=COLUMN
 *   synthetic:fundus                 procedural retinas, see fv_fundus       keys: split=train|val|test, size=N, count=N, seed=N
 * A bare DIR or FILE is recognised by what lies in it. A split= in the SPEC goes before the argument. Returns NULL on failure,
 * the message naming what is wrong and what was expected. The caller frees it with fv_dataset_free. */
FV_API fv_dataset *fv_dataset_open(const char *spec, fv_split split);
/* The set that validates training on SPEC: its val split, else its test split, whatever its own split= says. NULL with
 * FV_UNSUPPORTED where it has neither; fv_dataset_split tells which it is. */
FV_API fv_dataset *fv_dataset_open_validation(const char *spec);
FV_API void fv_dataset_free(fv_dataset *dataset); /* NULL is fine */

typedef struct fv_dataset_args {
    fv_split split;       /* default FV_TRAIN */
    size_t limit;         /* so many images: the first, or, where they are files, spread evenly over the set; 0: all */
    const char *positive; /* the class that is positive; default: as the set says, if it does */
    const char *group;    /* fv_csv: the column whose equal values (a patient's pictures) a split keeps together */
    int zero_;
} fv_dataset_args;

/* MNIST and Fashion-MNIST: 28x28 gray, 10 classes (LeCun et al. 1998; Xiao et al. 2017). The four IDX files. */
FV_API fv_dataset *fv_mnist_with(const char *folder, const fv_dataset_args *args);
FV_API fv_dataset *fv_fashion_mnist_with(const char *folder, const fv_dataset_args *args);

/* CIFAR-10 and CIFAR-100 (Krizhevsky 2009), the binary version, in the folder or in the one that its archive makes: 32x32
 * RGB, 10 or 100 (fine) classes, named by batches.meta.txt or fine_label_names.txt. Splits train and test. */
FV_API fv_dataset *fv_cifar10_with(const char *folder, const fv_dataset_args *args);
FV_API fv_dataset *fv_cifar100_with(const char *folder, const fv_dataset_args *args);

/* PALM (iChallenge-PM; Fang et al. 2024): fundus photographs, class 1 "pathologic_myopia" positive, class 0
 * "non_pathologic" (normal and high myopia). `folder` holds PALM-Training400 (labels: the first letters of the names) and
 * PALM-Validation400, and labels.csv or PALM-Validation-GT/PM_Label_and_Fovea_Location.csv. Splits train and val. */
FV_API fv_dataset *fv_palm_with(const char *folder, const fv_dataset_args *args);

/* A folder a class, its pictures in it and at any depth below; classes in byte order of their names. Folders train, val
 * (valid, validation) and test in `folder` are its splits, with the classes of train; without them it is all one, whose
 * split is FV_SPLIT_DEFAULT. */
FV_API fv_dataset *fv_folder_with(const char *folder, const fv_dataset_args *args);

/* A line an image: path,label. The path is relative to the file's folder and stays in it; labels are indices from 0, or
 * names, whose classes are in byte order. A header may name the columns. One split, FV_SPLIT_DEFAULT. */
FV_API fv_dataset *fv_csv_with(const char *file, const fv_dataset_args *args);

typedef struct fv_fundus_args {
    fv_split split; /* default FV_TRAIN; the splits share no image */
    size_t count;   /* images; default 800 for train, 200 for val and test; half of them positive */
    int size;       /* width and height in pixels; default 32 (what LeNet learns in a minute), 16..2048 */
    uint64_t seed;  /* another world of retinas; default 0 */
    int zero_;
} fv_fundus_args;
/* Procedural photographs of retinas, 3-channel; class 1 ("pathologic_myopia") shows peripapillary atrophy, a
 * tessellated background and patches, class 0 is "normal". The same bits on every machine and compiler. */
FV_API fv_dataset *fv_fundus_with(const fv_fundus_args *args);

/* Images in memory: `pixels` is [count, height, width, channels] of bytes, which stay the caller's and must outlive the
 * dataset; labels are copied. classes: number of classes; class_names, in UTF-8, may be NULL ("0", "1", ...). */
FV_API fv_dataset *fv_dataset_from_memory(const uint8_t *pixels, const int *labels, size_t count, int channels,
                                          int height, int width, int classes, const char *const *class_names);

/* Images from a callback, which fills `pixels` [height, width, channels] and *label for `index`, from several threads at
 * once; it returns FV_OK or a code, and the message then names the index. */
typedef fv_status (*fv_read_fn)(void *user, size_t index, uint8_t *pixels, int *label);
FV_API fv_dataset *fv_dataset_from_callback(fv_read_fn read, void *user, size_t count, int channels, int height,
                                            int width, int classes, const char *const *class_names);

/* How much memory a dataset may keep decoded (or drawn) images in for the next epoch; 0: none. As opened, it is a quarter of
 * what was available then. Sets that lie in memory anyway (MNIST, CIFAR) keep nothing. Not while the set is being read. */
FV_API fv_status fv_dataset_cache(fv_dataset *dataset, size_t bytes);

/* ---- Asking --------------------------------------------------------------------------------------------------- */

FV_API size_t fv_dataset_count(const fv_dataset *dataset);
FV_API int fv_dataset_classes(const fv_dataset *dataset);
FV_API const char *fv_dataset_class_name(const fv_dataset *dataset, int index); /* NULL out of range */
/* The class index that means "positive" for a two-class set, or -1 where the set does not say. */
FV_API int fv_dataset_positive(const fv_dataset *dataset);
/* How many groups its images are in (fv_dataset_args.group); 0: no groups. */
FV_API int fv_dataset_groups(const fv_dataset *dataset);
/* Gives the set the classes of another, or of a model: labels are matched by the classes' names, so that a set which lacks a
 * class, or has them in another order, is measured right. A set without names of its own ("0", "1", ...) takes the new ones
 * in order; one of as many classes, none of which has a name among them, stays as it is. FV_BAD_DATA where some names are
 * known and others are not. Not while the set is being read, nor after a part of it was made. */
FV_API fv_status fv_dataset_set_classes(fv_dataset *dataset, const char *const *names, int classes);
/* The size of the first image (that can be read); images of other sizes may follow. */
FV_API void fv_dataset_image_size(const fv_dataset *dataset, int *channels, int *height, int *width);
/* FV_SPLIT_DEFAULT where it has none: images from memory, a callback, a csv, a folder of classes alone. */
FV_API fv_split fv_dataset_split(const fv_dataset *dataset);
FV_API const char *fv_dataset_name(const fv_dataset *dataset); /* "mnist", "fundus", ... */

/* The file that an image is in, below the set's folder; NULL out of range, and for sets that are not made of files. */
FV_API const char *fv_dataset_path(const fv_dataset *dataset, size_t index);
/* A number that tells whether two sets are the same: FNV-1a, 64 bits, over the names of the classes, every image's label, and
 * the size and pixels of `most` images spread evenly over the set (0: all of them). What cannot be read counts as that. */
FV_API fv_status fv_dataset_fingerprint(const fv_dataset *dataset, size_t most, uint64_t *fingerprint);

/* An image that could not be read. */
typedef struct fv_bad_file {
    size_t index; /* its position in the set */
    const char *path, *reason;
} fv_bad_file;
/* Those found so far, by everything that read the set or a part of it: fills files[0 .. room-1], sorted by index, and returns
 * how many there are. The texts live as long as the dataset; a part of a set tells the whole set's. Sets that are not made
 * of files have none. */
FV_API size_t fv_dataset_bad_files(const fv_dataset *dataset, fv_bad_file *files, size_t room);

/* A part of a dataset: it shares the parent, which must outlive it. The same for the same seed, and stratified by class, or
 * as nearly as groups that stay together allow: fraction of the images for FV_VAL, the rest for FV_TRAIN. */
FV_API fv_dataset *fv_dataset_part(const fv_dataset *dataset, fv_split part, float fraction, uint64_t seed);

/* Cross-validation: the images are dealt out into `folds` parts (2 or more), of which the fold-th, from 1, is FV_VAL and the
 * rest FV_TRAIN. Every image validates once. */
FV_API fv_dataset *fv_dataset_fold(const fv_dataset *dataset, fv_split part, int fold, int folds, uint64_t seed);

/* Class weights for a loss by which every class weighs as much as another, whatever its number of images: weights[c] = n / (k n_c),
 * scikit-learn's "balanced", for n images of k classes, n_c of class c. FV_BAD_DATA, naming it, if a class has no image. */
FV_API fv_status fv_dataset_balanced_weights(const fv_dataset *dataset, float *weights);

/* ---- Preprocessing -------------------------------------------------------------------------------------------- */

typedef enum fv_channels { FV_CHANNELS_DEFAULT = 0, FV_RGB, FV_BGR, FV_GRAY } fv_channels;
typedef enum fv_decode { FV_DECODE_DEFAULT = 0, FV_DECODE_EXACT, FV_DECODE_FAST } fv_decode;
typedef enum fv_resize { FV_RESIZE_DEFAULT = 0, FV_RESIZE_PIL, FV_RESIZE_CV2 } fv_resize;

/* A color, each part of it 0..255; the highest bit tells black from the default. */
#define FV_BACKGROUND(red, green, blue) (1u << 24 | (uint32_t)(red) << 16 | (uint32_t)(green) << 8 | (uint32_t)(blue))
#define FV_WHITE                        FV_BACKGROUND(255, 255, 255)

/* How an image becomes a network's input [channels, height, width]:
 *   value = (pixel / 255 - mean[c]) / std[c]. A model file stores this, so that prediction prepares an image by the very
 * code that evaluation used. */
typedef struct fv_preprocess {
    fv_channels channels; /* default: FV_GRAY for networks with one input channel, else FV_RGB */
    fv_resize resize;     /* used when sizes differ: FV_RESIZE_PIL (the default), Pillow's antialiased bilinear, or
                             FV_RESIZE_CV2, OpenCV's INTER_LINEAR; at 8 bits their very pixels */
    uint32_t background;  /* what transparent pixels show: FV_BACKGROUND(red, green, blue); default FV_WHITE */
    fv_decode decode;     /* FV_DECODE_EXACT (the default): all pixels of a file; FV_DECODE_FAST: JPEG files to no more
                             than resizing needs, several times faster, the result a little different */
    float mean[4];        /* default 0 */
    float std[4];         /* default 1 */
    int zero_;
} fv_preprocess;

/* Of the pixels of ImageNet, red, green and blue in 0..1: what most published weights are for. */
#define FV_IMAGENET_MEAN \
    { 0.485f, 0.456f, 0.406f }
#define FV_IMAGENET_STD \
    { 0.229f, 0.224f, 0.225f }
/* Pixels as they are, 0..255. */
#define FV_RAW_STD \
    { 1 / 255.f, 1 / 255.f, 1 / 255.f }

/* The mean and std that suit the dataset (MNIST's published ones, ...) on a network with so many input channels, the rest
 * zero; all zero where it knows none. */
FV_API fv_preprocess fv_dataset_preprocess(const fv_dataset *dataset, int channels);

#define FV_DATASET_ARGS(...) \
    FV_HEAD1(__VA_ARGS__, 0), &(fv_dataset_args) { FV_TAIL1(__VA_ARGS__, .zero_ = 0) }
#define fv_mnist(...)         fv_mnist_with(FV_DATASET_ARGS(__VA_ARGS__))
#define fv_fashion_mnist(...) fv_fashion_mnist_with(FV_DATASET_ARGS(__VA_ARGS__))
#define fv_cifar10(...)       fv_cifar10_with(FV_DATASET_ARGS(__VA_ARGS__))
#define fv_cifar100(...)      fv_cifar100_with(FV_DATASET_ARGS(__VA_ARGS__))
#define fv_palm(...)          fv_palm_with(FV_DATASET_ARGS(__VA_ARGS__))
#define fv_folder(...)        fv_folder_with(FV_DATASET_ARGS(__VA_ARGS__))
#define fv_csv(...)           fv_csv_with(FV_DATASET_ARGS(__VA_ARGS__))
#define fv_fundus(...)        fv_fundus_with(&(fv_fundus_args){.zero_ = 0, __VA_ARGS__})

#ifdef __cplusplus
}
#endif

#endif
