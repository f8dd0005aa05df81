/* fovea/train.h: training, evaluation and prediction in a few lines, and step by step.
 *
 *     fv_model   *net   = fv_lenet();
 *     fv_dataset *train = fv_mnist("data/mnist"), *test = fv_mnist("data/mnist", .split = FV_TEST);
 *     fv_status err = fv_fit(net, train, test, .optimizer = fv_adam(.lr = 2e-3f), .epochs = 5, .save_dir = "output");
 *     if (err) fprintf(stderr, "%s\n", fv_error());
 *
 * Same seed, data, batch size, threads and instruction set: the same bits, also after a stop and a resume. */
#ifndef FOVEA_TRAIN_H
#define FOVEA_TRAIN_H

#include "fovea/data.h"
#include "fovea/loss.h"
#include "fovea/metrics.h"
#include "fovea/model.h"
#include "fovea/optim.h"
#include "fovea/parts.h"
#include "fovea/tuning.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FV_TOPK = 4 }; /* how many top-k may be asked for */

/* ---- What a run tells while it goes ------------------------------------------------------------------------------- */

/* The run that calls: of a report, what holds for all of it. */
typedef struct fv_run_info {
    /* What is trained; from on_evaluation_begin to on_epoch what is validated and saved: with ema the average. */
    const fv_model *model;
    const fv_dataset *train, *val; /* val NULL: nothing is validated on */
    const char *save_dir;          /* NULL: nothing is written */
    int epoch, epochs;             /* done so far, before this call of fv_fit too; in all */
    size_t batches;                /* of an epoch */
    uint64_t step;                 /* optimizer steps done so far */
    double started;                /* when fv_fit was called, in seconds since 1970 */
    fv_status status;              /* in on_train: how the run ended */
} fv_run_info;

typedef struct fv_step_report {
    const fv_run_info *run;
    int epoch, epochs;     /* from 1 */
    size_t batch, batches; /* of the epoch, from 1; in on_epoch_begin those done already, where the run was resumed */
    uint64_t step;         /* optimizer steps done, over all epochs */
    float lr;              /* of the last step, or in ..._begin of the next one */
    double loss;           /* mean over the epoch's images so far */
    double batch_loss;     /* of the last batch, auxiliary heads' included */
    double images_per_second; /* of the epoch so far, loading included */
    double seconds_left;      /* to the end of the run at that speed, validation not counted */
} fv_step_report;

struct fv_evaluation;

typedef struct fv_epoch_report {
    const fv_run_info *run;
    int epoch, epochs; /* from 1 */
    uint64_t step;
    float lr;          /* of the last step */
    double loss, top1; /* of training: mean over the epoch's images, in training mode */
    double seconds;    /* of training, loading included, validation and saving not */
    double images_per_second;
    bool validated;                      /* the rest is set */
    double val_loss, val_top1, val_top5; /* top5: NAN below 5 classes */
    double val_auc;                      /* NAN unless there are two */
    double val_best;                     /* the measure fv_fit_args.best */
    bool best; /* none was better so far (the lower loss wins a tie): best.safetensors was written */
    const struct fv_evaluation *validation; /* all of it, valid during the call; NULL before it was done */
    const double *gradient_norms; /* [parameters, as fv_model_parameter counts them] of each one's gradient the L2 norm,
                                     mean over the epoch's steps; NAN for one that is not trained. Valid during the call;
                                     NULL unless asked for */
} fv_epoch_report;

/* What is called while a run goes: on_X_begin before X, on_X after it. Any function may be NULL. They are called on the
 * thread that called fv_fit, one callback's after another's, as fv_fit_args has them.
 *
 * A status other than FV_OK ends the run with it, FV_STOPPED as if the end had been asked for: after the step that makes
 * the batch count or, from on_evaluation_begin on, with the epoch; the state is saved, and can be resumed. fv_error() is
 * what a call of the library said that failed in it with this status, or names the function. */
typedef struct fv_callback {
    void *user;
    /* May the run begin? Before anything is written, even of the run's folder; epochs and steps already done are not known yet. Any
     * status but FV_OK is fv_fit's at once: none of the other functions is called, and an old run is as it was. */
    fv_status (*on_check)(void *user, const fv_run_info *run);
    fv_status (*on_train_begin)(void *user, const fv_run_info *run); /* once all is ready for the first step */
    fv_status (*on_train)(void *user, const fv_run_info *run);       /* after on_train_begin always, failed or not */
    fv_status (*on_epoch_begin)(void *user, const fv_step_report *report); /* also where it is resumed half way */
    fv_status (*on_batch_begin)(void *user, const fv_step_report *report);
    fv_status (*on_batch)(void *user, const fv_step_report *report);
    fv_status (*on_step)(void *user, const fv_step_report *report); /* after on_batch, where it ends a group */
    fv_status (*on_evaluation_begin)(void *user, const fv_epoch_report *report);
    fv_status (*on_evaluation)(void *user, const fv_epoch_report *report);
    /* The epoch's models are written; the state is not: killed before it is, the run tells this epoch once more when it is
     * resumed. */
    fv_status (*on_epoch)(void *user, const fv_epoch_report *report);
    /* How the frozen part is run: "each image passes what is frozen once: 0.8 MB of features are kept", or why not so.
     * Before on_check. */
    fv_status (*on_frozen)(void *user, const char *how);
    /* A file cannot be read, and is left out of its batches: told once, where it is first met. */
    fv_status (*on_bad_file)(void *user, const fv_bad_file *file);
} fv_callback;

enum { FV_CALLBACKS = 8 }; /* how many there may be beside fv_fit_args.callback */

/* Callbacks that are there. There is nothing to free; paths stay the caller's and must outlive the run.
 *
 *     fv_fit(net, train, val, .callbacks = {fv_csv_log("log.csv"), fv_tensorboard("output/tensorboard")}, ...);
 *
 * Logs have a line, or a point, for each epoch, of all that metrics.jsonl has (docs/files.md). In a run that is resumed they go
 * on; a line of an epoch that is yet to come is dropped first: no epoch is there twice. Folders that are missing are made. A log that
 * cannot be written, as far as that is known before, is refused before the run touches anything. */
FV_API fv_callback fv_csv_log(const char *path);  /* columns are those of the first line */
FV_API fv_callback fv_json_log(const char *path); /* a JSON object a line */
/* Event files for TensorBoard, one for each start, in a folder of them: scalars train/loss, val/loss, ..., over epochs. */
FV_API fv_callback fv_tensorboard(const char *folder);
/* The model after every n-th epoch, as save_dir/epoch-0005.safetensors. */
FV_API fv_callback fv_checkpoint_every(int n);

/* ---- Training ------------------------------------------------------------------------------------------------------- */

/* What becomes of maps that the backward pass reads, and that one pass over memory makes: batch norms', activations'. The numbers
 * are the same. */
typedef enum fv_maps {
    FV_MAPS_AUTO, /* as FV_MAPS_AGAIN, where at least 128 MiB are spared and a step takes a percent or two longer */
    FV_MAPS_KEPT, /* they are kept from the forward pass on */
    FV_MAPS_AGAIN, /* they are made again where they are read, if the peak of memory falls for it: for networks of batch norms
                      to half or less; a step takes up to 5 percent longer */
} fv_maps;

typedef struct fv_fit_args {
    fv_loss loss;           /* default: bce for one logit, else cross-entropy */
    fv_optimizer optimizer; /* default: Adam, lr 1e-3 */
    fv_schedule schedule;   /* default: constant */
    const fv_part_options
        *parts;               /* what is frozen, and learning rates of single parts; n_parts of them; default: none */
    int n_parts, unfreeze_at; /* the epoch, from 2 on, from which frozen parts are trained, too; default: never */
    bool
        no_feature_cache; /* where all but the last layers is frozen and images are neither augmented nor mixed nor balanced, each passes what
                               is frozen once, and the rest is trained on what came out of it, kept in memory (at most a
                               quarter of what is free): true: that is not done */
    float ema;      /* decay of a moving average of the trained parameters, which is what is validated and what the
                               model files hold; below 1, such as 0.999; default 0: none. In step t from 0 on it is no
                               more than t / (9 + t). Running statistics of batch norm, averages already, are copied. */
    int epochs;     /* default 10 */
    int batch_size; /* default 64; the last short batch is kept */
    int accumulate; /* batches whose mean gradient makes a step, as if they were one (save that batch norm looks at each for
                               itself); the last of an epoch may be fewer. Steps, in the schedule too, count such groups;
                               default 1 */
    fv_maps maps; /* default: FV_MAPS_AUTO */
    fv_precision
        precision; /* of training and validation; default FV_F32. The parameters are f32 in either, in files too */
    int workers;   /* loader threads; default 0: the compute threads' time */
    int threads;   /* compute threads; default: those the process may use, on resuming as many as before */
    uint64_t seed; /* of shuffling, augmentation and dropout */
    const fv_preprocess
        *preprocess;     /* kept in the model; default: the model's own, or the training set's if it has none */
    const char *augment; /* what happens to training images, "crop:4 flip rotate:15 brightness:0.2": transforms with
                             their parameters, in their order; `fovea help train` lists them. Default: nothing */
    float mixup,
        cutmix;    /* batches are mixed with themselves, images and labels, in shares of Beta(alpha, alpha): alpha of
                             mixup (Zhang et al. 2017), of CutMix (Yun et al. 2019), or of both, one being drawn for each
                             batch; at most 100. Default 0: not. top1 of training then counts the label of the larger share */
    bool balanced; /* each epoch draws as many images of one class as of another, again from the start of a class that
                             has run out; an epoch has as many images as the set. Default: each image once */
    const char *save_dir; /* the run folder (see docs/files.md); default NULL: nothing is written */
    bool overwrite;       /* a run that is already there is replaced; default: refused */
    bool resume;          /* goes on from save_dir's state, or begins anew if the run was ended before its first;
                               model and arguments must be those of its start */
    const char *config; /* text, in UTF-8, kept in the run folder as config.recipe and in the state; default "", and on
                               resuming what it was */
    int save_every;     /* steps between states within an epoch; default 0: at the end of each epoch only */
    const char
        *best;      /* the measure of validation by which epochs are compared: a name of fv_best_name; default "top1" */
    int early_stop; /* epochs without a better one before the run ends; default 0: never */
    float min_delta; /* by how much better it must be to count for early_stop; default 0: at all */
    int topk
        [FV_TOPK]; /* of validation, in metrics.jsonl: the k of top-k, rising; default {1, 5}, as there are classes */
    float max_bad; /* the share of a set's files that may be unreadable before the run ends with FV_BAD_DATA;
                               default 0.05; FV_ZERO: not one */
    bool gradient_norms; /* the epoch reports and metrics.jsonl tell the norm of each parameter's gradient, as the
                             backward pass makes it: before clipping and decay. The weights stay the same to the bit.
                             Resumed within an epoch without it: the mean is that of the steps since */
    fv_tuning
        *tuning; /* kernels by measurement, while the run begins; the state keeps what was chosen, and a run that is
                             resumed goes on with that, whatever is given here. Default NULL: by the rule */
    fv_callback callback;
    fv_callback callbacks[FV_CALLBACKS]; /* more of them, after it: {fv_csv_log("log.csv"), fv_checkpoint_every(10)} */
    int zero_;
} fv_fit_args;

/* Measures that name the best epoch: "loss", "top1", "top5", "macro_f1", "macro_recall", and for two classes "auc", "pr_auc",
 * "sensitivity", "specificity"; NULL past the last. */
FV_API const char *fv_best_name(int index);

/* Trains `model` on `train`; evaluates on `val` after each epoch, if not NULL. On FV_OK the model holds what last.safetensors
 * does: the last weights, or their average (.ema). Otherwise it holds the weights that were trained.
 * FV_STOPPED after fv_stop_request: the state is saved, if there is a save_dir. */
FV_API fv_status fv_fit_with(fv_model *model, const fv_dataset *train, const fv_dataset *val, const fv_fit_args *args);

/* Asks every fv_fit of the process to end after the step it is in. May be called from a signal handler. The request is
 * taken back by fv_stop_clear. */
FV_API void fv_stop_request(void);
FV_API void fv_stop_clear(void);

/* The `config` text that a run was started with, from its state, or from config.recipe while there is none. The caller
 * frees it with free(). NULL on failure. */
FV_API char *fv_run_config(const char *save_dir);

/* What the run's state was made with. With the same it goes on with the bits of never having stopped; with more or fewer threads,
 * another version or other vector instructions sums are rounded otherwise. */
typedef struct fv_run_origin {
    int threads;      /* that compute; 0: there is no state yet */
    char version[96]; /* fv_version() then; "" in states of fovea 0.1.0's first days, which did not tell */
} fv_run_origin;
FV_API fv_status fv_run_origin_of(const char *save_dir, fv_run_origin *origin);

/* ---- Whitening the first layer --------------------------------------------------------------------------------------------- */

typedef struct fv_whiten_args {
    size_t images; /* looked at, chosen at random; default 5000, or all there are */
    float epsilon; /* added to a direction's variance before it divides; default 5e-4 */
    int zero_;
} fv_whiten_args;
/* Sets the weight [O,C,H,W] of `layer`, the convolution that reads the image (without groups), so that what comes out of it is
 * uncorrelated and of variance 1 on these images, prepared as the model prepares them: filter i is the i-th eigenvector of the
 * covariance of patches [C,H,W], divided by sqrt(variance + epsilon), and filter C*H*W + i its negative; O is at most 2 C*H*W.
 * Meant to be frozen then: .parts = {layer, .frozen = true}. On failure nothing is changed. */
FV_API fv_status fv_whiten_with(fv_model *model, const char *layer, const fv_dataset *train,
                                const fv_whiten_args *args);

/* ---- Finding a learning rate --------------------------------------------------------------------------------------------- */

enum { FV_LR_STEPS = 500 };

/* The range test of Smith 2017: the rate rises from step to step by the same factor, and the loss is watched. */
typedef struct fv_lr_search {
    float low, high; /* from, to; default 1e-7 to 10, the optimizers' limit 1000 */
    int steps;       /* in so many; default 100; 10 to FV_LR_STEPS */
    int n; /* found: steps that were done; the last saw a loss 4 times the lowest so far, or none that is finite */
    float lr[FV_LR_STEPS];
    double loss[FV_LR_STEPS]; /* smoothed: the mean of the steps' losses so far, each 0.9 times as heavy as the next */
    float
        suggestion; /* the middle of the decade in which the loss falls most, before its lowest; 0: it falls nowhere */
} fv_lr_search;

/* Trains as fv_fit would with these arguments (but for schedule, epochs, ema, save_dir and callbacks), and leaves the model
 * as it was. FV_NOT_FINITE where already the first steps diverge: lower `low`. */
FV_API fv_status fv_find_lr_with(fv_model *model, const fv_dataset *train, fv_lr_search *search,
                                 const fv_fit_args *args);

/* ---- Test-time augmentation ------------------------------------------------------------------------------------------------ */

/* A picture is answered together with views of it, its mirror images or as moved a little: the mean of their probabilities counts,
 * in the loss too. Logits are those that give this mean. It is no part of the model: who evaluates or predicts asks for it. */
typedef enum fv_tta {
    FV_TTA_NONE = 0,
    FV_TTA_FLIP = 1,  /* left and right: twice the work */
    FV_TTA_VFLIP = 2, /* top and bottom */
    FV_TTA_BOTH = 3,  /* both, and both at once: four times */
    FV_TTA_SHIFT =
        4, /* alone or added to one of these: each view also moved by a 32nd of the sides, to the upper left and to the
                         lower right, with mirror images at the edges: three times the work (Jordan 2024, section 3.5) */
} fv_tta;
/* Of a sum of these: "none", "flip", "vflip", "both", "shift", "flip+shift", "vflip+shift", "both+shift"; NULL past the last. */
FV_API const char *fv_tta_name(int index);

/* ---- Evaluation -------------------------------------------------------------------------------------------------------- */

/* What a model answers to one image of the set. */
typedef struct fv_answer {
    size_t index; /* of the image, by which fv_dataset_path knows it */
    int label, predicted;
    const float *logits; /* [fv_model_outputs]; fv_logits_probabilities makes probabilities of them */
} fv_answer;

typedef struct fv_evaluate_args {
    fv_loss loss;   /* as in training */
    int batch_size; /* default 64 */
    int workers, threads;
    fv_precision precision;
    float max_bad;     /* as in training; the files are in fv_dataset_bad_files */
    int topk[FV_TOPK]; /* the k of top-k, rising; default {1, 5}, as far as there are classes */
    fv_tta tta;
    fv_tuning *tuning; /* kernels by measurement; default NULL: by the rule */
    fv_tally *tally;   /* where each image is counted, too: from fv_tally_for; default NULL */
    const char
        *augment;  /* what happens to the images first, as in training, drawn once for each: how well does the model
                            bear it? "shift:1/28-1/28" moves each by one pixel of 28. Default: nothing */
    uint64_t seed; /* of what is drawn */
    /* Told each image's answer, in the set's order, those that cannot be read left out; a status other than FV_OK ends the
     * evaluation with it. Default NULL */
    fv_status (*on_answer)(void *user, const fv_answer *answer);
    void *user;
    int zero_;
} fv_evaluate_args;

/* Fractions, 0..1. NAN is what is undefined; why, and how sure the rest is, a tally's measures say. */
typedef struct fv_evaluation {
    size_t n;             /* images that could be read */
    double loss;          /* their mean */
    double top1;          /* of two classes: by the model's threshold */
    double top5;          /* NAN below 5 classes */
    int k[FV_TOPK];       /* as args.topk; 0: no more */
    double topk[FV_TOPK]; /* the share of images whose class is among the k[i] likeliest */
    double macro_f1, macro_recall;
    double auc, pr_auc, sensitivity, specificity; /* of two classes: fv_measures' roc_auc, average_precision, ... */
} fv_evaluation;

/* Counts what a model's answers on its own classes come to: fv_tally_new with its classes, positive class and threshold. The
 * areas are computed from logits. NULL on failure. */
FV_API fv_tally *fv_tally_for(const fv_model *model);

FV_API fv_status fv_evaluate_with(fv_model *model, const fv_dataset *dataset, fv_evaluation *result,
                                  const fv_evaluate_args *args);

/* ---- Prediction -------------------------------------------------------------------------------------------------------- */

/* What prediction with one model needs besides the model, which it uses and which must outlive it: memory and threads.
 * Serves one thread at a time; several may share a model. */
typedef struct fv_predictor fv_predictor;

typedef struct fv_predictor_args {
    int batch_size; /* images at once; default 1 */
    int threads;
    fv_precision precision;
    fv_tta tta;
    fv_tuning *tuning; /* kernels by measurement; default NULL: by the rule */
    int zero_;
} fv_predictor_args;
FV_API fv_predictor *fv_predictor_new_with(fv_model *model, const fv_predictor_args *args);
FV_API void fv_predictor_free(fv_predictor *predictor);
/* Bytes that its plans hold beside the model's parameters; a plan is made when a batch size is first met. */
FV_API size_t fv_predictor_bytes(const fv_predictor *predictor);

/* logits [n,K] of x [n,C,H,W], already preprocessed; any n. */
FV_API fv_status fv_forward(fv_predictor *predictor, const float *x, size_t n, float *logits);

/* Probabilities [fv_model_classes()] of one picture: from a file, from its bytes (encoded; `name` stands in messages), or
 * from pixels [height, width, channels], 8 bits, channels 1 gray, 3 RGB, 4 RGBA. */
FV_API fv_status fv_predict_file(fv_predictor *predictor, const char *path, float *probabilities);
FV_API fv_status fv_predict_bytes(fv_predictor *predictor, const void *bytes, size_t count, const char *name,
                                  float *probabilities);
FV_API fv_status fv_predict_pixels(fv_predictor *predictor, const uint8_t *pixels, int channels, int height, int width,
                                   float *probabilities);
/* Probabilities [fv_model_classes()] of what fv_forward and others tell as logits [fv_model_outputs], of one image. */
FV_API void fv_logits_probabilities(const fv_model *model, const float *logits, float *probabilities);
/* What probabilities [fv_model_classes()] say: the likeliest class, or, of two, the positive one from the model's threshold
 * on. */
FV_API int fv_predicted_class(const fv_model *model, const float *probabilities);
/* probabilities [count, classes] of a whole dataset, in its order. */
FV_API fv_status fv_predict(fv_predictor *predictor, const fv_dataset *dataset, float *probabilities);

/* ---- Own loops ----------------------------------------------------------------------------------------------------------- */

typedef struct fv_trainer fv_trainer;

typedef struct fv_trainer_args {
    fv_loss loss;
    fv_optimizer optimizer;
    const fv_part_options *parts; /* as in fv_fit; need not outlive the call */
    int n_parts;
    int batch_size; /* the largest batch of a step; default 64 */
    int threads;
    fv_precision precision;
    uint64_t seed;
    float ema;         /* as in fv_fit_args */
    bool accumulate;   /* fv_trainer_accumulate will be called */
    fv_tuning *tuning; /* kernels by measurement; default NULL: by the rule */
    bool reference;    /* every operator by its definition, in double: slow, for checking */
    fv_maps maps;      /* as in fv_fit_args */
    int zero_;
} fv_trainer_args;
/* Trains `model`, which must outlive it. */
FV_API fv_trainer *fv_trainer_new_with(fv_model *model, const fv_trainer_args *args);
FV_API void fv_trainer_free(fv_trainer *trainer);
/* With ema: puts the averages of the weights into the model, or (show false, as the next step does by itself) the weights
 * that are trained. */
FV_API void fv_trainer_show_average(fv_trainer *trainer, bool show);

/* One step on x [n,C,H,W] with class indices labels [n] (or the loss's ignore_index), 1 <= n <= batch_size. *loss (may be NULL) is the batch's mean
 * before the update, auxiliary heads' included. lr 0: the optimizer's own; FV_ZERO: none, which moves running statistics alone. */
FV_API fv_status fv_trainer_step(fv_trainer *trainer, const float *x, const int *labels, int n, float lr, float *loss);
/* Frozen parts are trained from the next step on; rules that count steps begin anew with them. On failure the trainer is of no
 * more use. */
FV_API fv_status fv_trainer_unfreeze(fv_trainer *trainer);
/* With accumulate: adds the batch's gradient to that of the next step, which then is the mean over the images of all these
 * batches, as if they were one (save that batch norm looks at each for itself). */
FV_API fv_status fv_trainer_accumulate(fv_trainer *trainer, const float *x, const int *labels, int n, float *loss);
/* Both with soft labels: targets [n,fv_model_classes()], each row the shares of the classes, from 0 to 1 with sum 1; for
 * bce of several logits each class by itself, from 0 to 1. */
FV_API fv_status fv_trainer_step_soft(fv_trainer *trainer, const float *x, const float *targets, int n, float lr,
                                      float *loss);
FV_API fv_status fv_trainer_accumulate_soft(fv_trainer *trainer, const float *x, const float *targets, int n,
                                            float *loss);
/* The logits [n,K] of the last step, or accumulation; valid until the next. */
FV_API const float *fv_trainer_logits(const fv_trainer *trainer);
/* norms [count], one for each of the model's parameters (fv_model_parameter): the L2 norm of its gradient in the last step,
 * before clipping and decay; NAN for one that is not trained. FV_BAD_ARGUMENT before the first step. */
FV_API fv_status fv_trainer_gradient_norms(const fv_trainer *trainer, double *norms, int count);
/* Bytes that training with these arguments holds beside the model's parameters: known before the first step. */
FV_API size_t fv_trainer_bytes(const fv_trainer *trainer);

#define fv_fit(model, train, ...) \
    fv_fit_with(model, train, FV_HEAD1(__VA_ARGS__, 0), &(fv_fit_args){FV_TAIL1(__VA_ARGS__, .zero_ = 0)})
#define fv_whiten(model, layer, ...) \
    fv_whiten_with(model, layer, FV_HEAD1(__VA_ARGS__, 0), &(fv_whiten_args){FV_TAIL1(__VA_ARGS__, .zero_ = 0)})
#define fv_find_lr(model, train, ...) \
    fv_find_lr_with(model, train, FV_HEAD1(__VA_ARGS__, 0), &(fv_fit_args){FV_TAIL1(__VA_ARGS__, .zero_ = 0)})
#define fv_evaluate(model, dataset, ...) \
    fv_evaluate_with(model, dataset, FV_HEAD1(__VA_ARGS__, 0), &(fv_evaluate_args){FV_TAIL1(__VA_ARGS__, .zero_ = 0)})
#define fv_predictor_new(...) \
    fv_predictor_new_with(FV_HEAD1(__VA_ARGS__, 0), &(fv_predictor_args){FV_TAIL1(__VA_ARGS__, .zero_ = 0)})
#define fv_trainer_new(...) \
    fv_trainer_new_with(FV_HEAD1(__VA_ARGS__, 0), &(fv_trainer_args){FV_TAIL1(__VA_ARGS__, .zero_ = 0)})

#ifdef __cplusplus
}
#endif

#endif
