/* fovea/model.h: a network with its parameters. */
#ifndef FOVEA_MODEL_H
#define FOVEA_MODEL_H

#include "fovea/data.h"
#include "fovea/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fv_model fv_model;

typedef struct fv_model_args {
    uint64_t seed; /* of the initialisation; default 0. The same seed gives the same weights on every machine */
    int zero_;
} fv_model_args;
/* Makes a model of the graph that `logits` [N,K] belongs to, and initialises its parameters. The model takes the graph
 * over, on failure too. NULL on failure or when logits is NULL. */
FV_API fv_model *fv_model_new_with(fv_value *logits, const fv_model_args *args);
#define fv_model_new(...) \
    fv_model_new_with(FV_HEAD1(__VA_ARGS__, 0), &(fv_model_args){FV_TAIL1(__VA_ARGS__, .zero_ = 0)})
FV_API void fv_model_free(fv_model *model); /* NULL is fine */

/* ---- The networks that have a name (src/models/models.def) ------------------------------------------------------ */

/* How to build a network; each field's zero is the network's own default. Options that one network alone has stand
 * in the text form: "lenet:text=1". */
typedef struct fv_arch {
    int classes;     /* logits; default the paper's */
    int input[3];    /* channels, height, width; default the paper's */
    uint64_t seed;   /* of the initialisation */
    fv_init init;    /* of convolution and linear weights; default each layer's own */
    float dropout;   /* rate of all dropout layers, where there are any; default each one's own; FV_ZERO: none */
    bool text;       /* lenet: the activations as the book's text has them, not its code */
    bool no_pool;    /* lenet: convolutions of stride 2 in place of max pools: the same sizes and parameters */
    bool sigmoid;    /* alexnet: sigmoids in place of ReLUs */
    int stem_stride; /* googlenets: of the first convolution; default 2 */
    bool no_aux;     /* googlenets: without auxiliary heads */
    bool lrn;        /* googlenet: local response normalisation in the stem, as in the paper */
    int layers;      /* resnet: 18, 34, 50 (the default), 101 or 152 */
    bool leaky;      /* resnets: leaky ReLU of slope 0.1 for ReLU */
    bool zero_init_residual; /* resnets: each branch's last batch norm starts at 0 (Goyal et al. 2017, section 5.1) */
    float width_mult;        /* mobilenet_*: factor of the channels, above 0; default 1 */
    const char *pretrained;  /* a file of weights to start from, by fv_model_load_pretrained; default NULL: none */
    int zero_;
} fv_arch;

/* NAME is "name[:key=value,...]": "lenet", "lenet:text=1". Keys of every network: classes, channels, height, width, init
 * (kaiming_normal, xavier_uniform, ..., as fv_init_kind), init_scale (of normal and uniform), pretrained (a path without
 * commas). They win over `arch`, which may be NULL. */
FV_API fv_model *fv_network(const char *name, const fv_arch *arch);

/* fv_resnet50(.classes = 10, .input = {3, 64, 64}): fv_network with the options filled in. */
#define FV_ARCH(...)               (&(fv_arch){.zero_ = 0, __VA_ARGS__})
#define fv_lenet(...)              fv_network("lenet", FV_ARCH(__VA_ARGS__))
#define fv_alexnet(...)            fv_network("alexnet", FV_ARCH(__VA_ARGS__))
#define fv_alexnet_owt(...)        fv_network("alexnet_owt", FV_ARCH(__VA_ARGS__))
#define fv_vgg11(...)              fv_network("vgg11", FV_ARCH(__VA_ARGS__))
#define fv_vgg13(...)              fv_network("vgg13", FV_ARCH(__VA_ARGS__))
#define fv_vgg16(...)              fv_network("vgg16", FV_ARCH(__VA_ARGS__))
#define fv_vgg19(...)              fv_network("vgg19", FV_ARCH(__VA_ARGS__))
#define fv_vgg11_bn(...)           fv_network("vgg11_bn", FV_ARCH(__VA_ARGS__))
#define fv_vgg13_bn(...)           fv_network("vgg13_bn", FV_ARCH(__VA_ARGS__))
#define fv_vgg16_bn(...)           fv_network("vgg16_bn", FV_ARCH(__VA_ARGS__))
#define fv_vgg19_bn(...)           fv_network("vgg19_bn", FV_ARCH(__VA_ARGS__))
#define fv_googlenet(...)          fv_network("googlenet", FV_ARCH(__VA_ARGS__))
#define fv_googlenet_bn(...)       fv_network("googlenet_bn", FV_ARCH(__VA_ARGS__))
#define fv_resnet(...)             fv_network("resnet", FV_ARCH(__VA_ARGS__))
#define fv_resnet18(...)           fv_network("resnet18", FV_ARCH(__VA_ARGS__))
#define fv_resnet34(...)           fv_network("resnet34", FV_ARCH(__VA_ARGS__))
#define fv_resnet50(...)           fv_network("resnet50", FV_ARCH(__VA_ARGS__))
#define fv_resnet101(...)          fv_network("resnet101", FV_ARCH(__VA_ARGS__))
#define fv_resnet152(...)          fv_network("resnet152", FV_ARCH(__VA_ARGS__))
#define fv_resnext50_32x4d(...)    fv_network("resnext50_32x4d", FV_ARCH(__VA_ARGS__))
#define fv_wide_resnet50_2(...)    fv_network("wide_resnet50_2", FV_ARCH(__VA_ARGS__))
#define fv_resnet20(...)           fv_network("resnet20", FV_ARCH(__VA_ARGS__))
#define fv_resnet56(...)           fv_network("resnet56", FV_ARCH(__VA_ARGS__))
#define fv_plain18(...)            fv_network("plain18", FV_ARCH(__VA_ARGS__))
#define fv_plain34(...)            fv_network("plain34", FV_ARCH(__VA_ARGS__))
#define fv_plain20(...)            fv_network("plain20", FV_ARCH(__VA_ARGS__))
#define fv_plain56(...)            fv_network("plain56", FV_ARCH(__VA_ARGS__))
#define fv_squeezenet1_0(...)      fv_network("squeezenet1_0", FV_ARCH(__VA_ARGS__))
#define fv_squeezenet1_1(...)      fv_network("squeezenet1_1", FV_ARCH(__VA_ARGS__))
#define fv_densenet121(...)        fv_network("densenet121", FV_ARCH(__VA_ARGS__))
#define fv_mobilenet_v1(...)       fv_network("mobilenet_v1", FV_ARCH(__VA_ARGS__))
#define fv_mobilenet_v2(...)       fv_network("mobilenet_v2", FV_ARCH(__VA_ARGS__))
#define fv_mobilenet_v3_small(...) fv_network("mobilenet_v3_small", FV_ARCH(__VA_ARGS__))
#define fv_mobilenet_v3_large(...) fv_network("mobilenet_v3_large", FV_ARCH(__VA_ARGS__))
#define fv_shufflenet_v2_x1_0(...) fv_network("shufflenet_v2_x1_0", FV_ARCH(__VA_ARGS__))
#define fv_airbench94(...)         fv_network("airbench94", FV_ARCH(__VA_ARGS__))

/* One row of `fovea models`, in the table's order; false past its end. Strings are static. */
typedef struct fv_network_info {
    const char *name, *paper;
    int input[3], classes;
    const char *const *options; /* keys that it has beside those of every network; NULL-terminated */
} fv_network_info;
FV_API bool fv_network_at(int index, fv_network_info *info);

/* ---- Asking ------------------------------------------------------------------------------------------------------ */

FV_API size_t fv_model_parameters(const fv_model *model); /* trained numbers; running statistics not counted */
/* Multiply-accumulates of convolutions and linear layers at inference, one image: auxiliary heads have none. */
FV_API size_t fv_model_macs(const fv_model *model);
FV_API void fv_model_input(const fv_model *model, int *channels, int *height, int *width);
FV_API int fv_model_outputs(const fv_model *model);         /* logits; 1 means two classes by sigmoid */
FV_API const char *fv_model_network(const fv_model *model); /* "lenet"; the graph's name for one built by hand */

/* One row of a summary, in the order of execution; false past the end. Strings live as long as the model. */
typedef struct fv_layer_info {
    const char *name, *op; /* an unnamed layer's name is the operator's, in its scope */
    int output[3];         /* channels, height, width */
    size_t parameters, macs;
    bool auxiliary; /* of an auxiliary head: training alone runs it */
} fv_layer_info;
FV_API bool fv_model_layer(const fv_model *model, int index, fv_layer_info *info);
/* Which layer, a smaller index, makes input `which` of layer `index`: a sum reads two, the image none. -1 past the last. */
FV_API int fv_model_layer_input(const fv_model *model, int index, int which);

/* ---- What a model says about its classes and its input ------------------------------------------------------------ */

/* Names, in UTF-8, are copied. count must be the model's classes (2 for one logit). positive: of two classes, the one that one logit, and
 * the threshold, speak for. */
FV_API fv_status fv_model_set_classes(fv_model *model, const char *const *names, int count, int positive);
FV_API int fv_model_classes(const fv_model *model);
FV_API const char *fv_model_class_name(const fv_model *model,
                                       int index); /* NULL out of range; "0", "1", ... until set */
/* What its training came to: a JSON object (docs/files.md, `training`); NULL: it says nothing. The model's. */
FV_API const char *fv_model_training(const fv_model *model);
FV_API fv_status fv_model_set_preprocess(fv_model *model, const fv_preprocess *preprocess);
/* Of two classes: the positive class's probability from which on an image is taken for it; 0.5 until set. In (0,1). */
FV_API fv_status fv_model_set_threshold(fv_model *model, float threshold);
FV_API float fv_model_threshold(const fv_model *model);
FV_API int fv_model_positive(const fv_model *model); /* -1 unless there are two classes */

/* ---- Parameters by name -------------------------------------------------------------------------------------------- */

typedef struct fv_parameter_info {
    const char *name;
    int rank, dims[4];
    bool trained; /* false: running statistics */
} fv_parameter_info;
FV_API bool fv_model_parameter(const fv_model *model, int index, fv_parameter_info *info);
/* Copies a parameter in the plain layout (convolution OIHW, linear [out,in]); count must be its number of elements. */
FV_API fv_status fv_model_get(const fv_model *model, const char *name, float *values, size_t count);
FV_API fv_status fv_model_set(fv_model *model, const char *name, const float *values, size_t count);

/* ---- Files ---------------------------------------------------------------------------------------------------------- */

/* One .safetensors file with everything that prediction needs. Written atomically. */
FV_API fv_status fv_model_save(const fv_model *model, const char *path);
FV_API fv_model *fv_model_load(const char *path);
/* Takes the weights of a file by name into a model of the same architecture; names the first mismatch and changes nothing
 * on failure. */
FV_API fv_status fv_model_load_weights(fv_model *model, const char *path);

/* Weights to start a training from: a .safetensors by torchvision's names (a state_dict), or a model file of ours; F32, F16
 * and BF16 exactly, F64 rounded. Each layer of the head (the last before the logits, and all of auxiliary heads) that the file
 * has not, or in another shape, keeps its values: those of its initialisation. Left out are num_batches_tracked and auxiliary
 * heads that the network has not. Everything else must agree, and be finite; on failure nothing is changed.
 *
 * The model takes over the preprocessing too: a model file's own; for other files, into a network of three channels,
 * ImageNet's mean and deviation, which torchvision's weights were made with. */
FV_API fv_status fv_model_load_pretrained(fv_model *model, const char *path);
/* What that took, as one line for people: "resnet18.safetensors: 120 tensors; new: fc.weight, ...". NULL: nothing was. */
FV_API const char *fv_model_pretrained(const fv_model *model);

#ifdef __cplusplus
}
#endif

#endif
