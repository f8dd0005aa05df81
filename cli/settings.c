#include "settings.h"

#include "core/status.h"
#include "engine/model.h"

#include <stdlib.h>
#include <string.h>

/* What the user gave, in the library's terms, where 0 means "the default". */
static float given(double value, const char *text) { return text && value == 0 ? FV_ZERO : (float)value; }
#define GIVEN(options, field) given((options)->field, (options)->text[CLI_FLAG_##field])

float cli_max_bad(const cli_options *options) { return GIVEN(options, max_bad); }

fv_status cli_optimizer_settings(const cli_options *options, fv_optimizer *optimizer) {
    FV_TRY(fv_optimizer_parse(options->optimizer, optimizer));
    if (CLI_HAS(options, lr)) optimizer->lr = (float)options->lr;
    if (CLI_HAS(options, momentum)) optimizer->momentum = GIVEN(options, momentum);
    if (CLI_HAS(options, weight_decay)) optimizer->weight_decay = GIVEN(options, weight_decay);
    if (CLI_HAS(options, l1)) optimizer->l1 = GIVEN(options, l1);
    optimizer->weight_decay_by = options->weight_decay_by;
    optimizer->l1_by = options->l1_by;
    if (CLI_HAS(options, clip_norm)) optimizer->clip_norm = (float)options->clip_norm;
    if (CLI_HAS(options, clip_each)) optimizer->clip_each = (float)options->clip_each;
    if (CLI_HAS(options, clip_value)) optimizer->clip_value = (float)options->clip_value;
    return fv_optimizer_check(optimizer);
}

fv_status cli_schedule_settings(const cli_options *options, fv_schedule *schedule) {
    FV_TRY(fv_schedule_parse(options->schedule, schedule));
    schedule->warmup = (uint64_t)options->warmup;
    return fv_schedule_check(schedule);
}

/* ---- Lists of numbers -------------------------------------------------------------------------------------------- */

/* "1,2.5" into `numbers`, at most `most` finite ones; returns how many, -1 if it is anything else. *text moves to where
 * they end: the caller looks at what follows. */
static int read_numbers(const char **text, float *numbers, int most) {
    for (int n = 0; n < most; (*text)++) {
        char *end;
        float number = strtof(*text, &end);
        if (end == *text || !(number > -1e30f && number < 1e30f)) return -1;
        numbers[n++] = number;
        *text = end;
        if (**text != ',') return n;
    }
    return -1;
}

/* The option's word becomes the numbers, so that a run that is resumed does not depend on counting again. */
static fv_status balance(cli_options *options, const fv_dataset *train, float *weights) {
    const char *text = "";
    FV_TRY(fv_dataset_balanced_weights(train, weights));
    for (int i = 0; text && i < fv_dataset_classes(train); i++)
        text = fv_arena_format(&options->arena, "%s%s%.9g", text, i ? "," : "", (double)weights[i]);
    if (!text) return FV_NO_MEMORY;
    options->class_weights = options->text[CLI_FLAG_class_weights] = text;
    return FV_OK;
}

static fv_status class_weights(cli_options *options, const fv_dataset *train, const float **weights) {
    const char *text = options->class_weights;
    int classes = fv_dataset_classes(train);
    float *numbers = fv_arena_alloc(&options->arena, (size_t)classes, sizeof(float));
    if (!numbers) return FV_NO_MEMORY;
    *weights = numbers;
    if (strcmp(text, "balanced") == 0) {
        fv_status status = balance(options, train, numbers);
        return status == FV_OK ? FV_OK : fv_fail_in(status, "--class-weights balanced");
    }
    bool good = read_numbers(&text, numbers, classes) == classes && !*text;
    for (int i = 0; i < classes; i++) good = good && numbers[i] >= 0;
    return good ? FV_OK
                : fv_fail(FV_BAD_ARGUMENT,
                          "--class-weights %s: must be balanced, or %d numbers from 0 on, separated by commas: one for "
                          "each class",
                          options->class_weights, classes);
}

fv_status cli_loss_settings(cli_options *options, const fv_dataset *train, fv_loss *loss) {
    FV_TRY(fv_loss_named(options->loss, loss));
    loss->label_smoothing = (float)options->label_smoothing;
    loss->gamma = GIVEN(options, focal_gamma);
    loss->alpha = (float)options->focal_alpha;
    loss->ignore = CLI_HAS(options, ignore_index);
    loss->ignore_index = (int)options->ignore_index;
    if (loss->kind != FV_BCE && loss->alpha > 0)
        return fv_fail(FV_BAD_ARGUMENT, "--focal-alpha: goes with --loss bce; --class-weights is for %s",
                       options->loss);
    if (loss->ignore && loss->ignore_index >= fv_dataset_classes(train))
        return fv_fail(FV_BAD_ARGUMENT, "--ignore-index %d: must be below the number of classes, which is %d",
                       loss->ignore_index, fv_dataset_classes(train));
    if (loss->ignore && (options->mixup > 0 || options->cutmix > 0))
        return fv_fail(FV_BAD_ARGUMENT,
                       "--ignore-index and --%s: an image that is left out cannot be mixed: give one of them",
                       options->mixup > 0 ? "mixup" : "cutmix");
    if (options->class_weights) FV_TRY(class_weights(options, train, &loss->class_weights));
    return fv_loss_check(loss);
}

fv_status cli_topk_settings(const cli_options *options, int topk[FV_TOPK]) {
    const char *text = options->topk;
    float numbers[FV_TOPK] = {0};
    if (!text) return FV_OK; /* the library's default */
    int n = read_numbers(&text, numbers, FV_TOPK);
    bool good = n > 0 && !*text;
    for (int i = 0; i < n && good; i++) {
        good = numbers[i] >= 1 && numbers[i] <= 65535 && numbers[i] == (float)(int)numbers[i];
        if (good) topk[i] = (int)numbers[i];
    }
    return good ? FV_OK
                : fv_fail(FV_BAD_ARGUMENT, "--topk %s: must be at most %d whole numbers from 1 on: 1,5", options->topk,
                          FV_TOPK);
}

/* ---- Preprocessing ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    float mean[3], std[3];
} normalizations[] = {
    {"none", {0, 0, 0}, {1, 1, 1}},                   /* 0..1 */
    {"raw", {0, 0, 0}, FV_RAW_STD},                   /* 0..255 */
    {"half", {0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}}, /* to -1..1 */
    {"imagenet", FV_IMAGENET_MEAN, FV_IMAGENET_STD},
};

/* Numbers for each channel from `n` of them: one stands for all. */
static bool spread(float *numbers, int n, int channels) {
    for (int i = 1; n == 1 && i < channels; i++) numbers[i] = numbers[0];
    return n == 1 || n == channels;
}

static bool read_normalization(const char *text, int channels, fv_preprocess *preprocess) {
    float *mean = preprocess->mean, *std = preprocess->std;
    if (!spread(mean, read_numbers(&text, mean, channels), channels) || *text++ != '/') return false;
    if (!spread(std, read_numbers(&text, std, channels), channels) || *text) return false;
    for (int i = 0; i < channels; i++)
        if (!(std[i] > 0)) return false;
    return true;
}

static fv_status normalization(const char *text, int channels, fv_preprocess *preprocess) {
    for (size_t i = 0; i < sizeof normalizations / sizeof *normalizations; i++) {
        if (strcmp(text, normalizations[i].name) != 0) continue;
        if (channels > 3) break;
        memcpy(preprocess->mean, normalizations[i].mean, sizeof normalizations[i].mean);
        memcpy(preprocess->std, normalizations[i].std, sizeof normalizations[i].std);
        return FV_OK;
    }
    if (channels <= 4 && read_normalization(text, channels, preprocess)) return FV_OK;
    return fv_fail(FV_BAD_ARGUMENT,
                   "--normalize %s: must be auto, none, raw, half, imagenet or MEAN/STD with 1 or %d numbers each, std "
                   "above 0: 0.13/0.31",
                   text, channels);
}

static fv_status background(const char *text, uint32_t *color) {
    const char *numbers = strcmp(text, "white") == 0 ? "255,255,255" : strcmp(text, "black") == 0 ? "0,0,0" : text;
    float rgb[3];
    bool good = read_numbers(&numbers, rgb, 3) == 3 && !*numbers;
    for (int i = 0; good && i < 3; i++) good = rgb[i] >= 0 && rgb[i] <= 255 && rgb[i] == (float)(int)rgb[i];
    if (good) *color = FV_BACKGROUND(rgb[0], rgb[1], rgb[2]);
    return good ? FV_OK
                : fv_fail(FV_BAD_ARGUMENT,
                          "--background %s: must be white, black, or red, green and blue from 0 to 255: 127,127,127",
                          text);
}

static int choice(const cli_flag *flag, const char *name) {
    int i = 0;
    while (strcmp(flag->choices(i), name) != 0) i++;
    return i;
}

/* "0.485,0.456,0.406/0.229,0.224,0.225": what --normalize takes, to the last bit. */
static const char *normalization_text(cli_options *options, const fv_preprocess *p, int channels) {
    const char *text = "";
    for (int i = 0; text && i < 2 * channels; i++)
        text = fv_arena_format(&options->arena, "%s%s%.9g", text,
                               i == 0          ? ""
                               : i == channels ? "/"
                                               : ",",
                               (double)(i < channels ? p->mean[i] : p->std[i - channels]));
    return text;
}

fv_status cli_take_normalization(cli_options *options, const fv_model *model) {
    int channels, height, width;
    const fv_preprocess *p = &model->preprocess;
    fv_model_input(model, &channels, &height, &width);
    if (p->std[0] == 0 || strcmp(options->normalize, "auto") != 0) return FV_OK;
    const char *text = normalization_text(options, p, channels);
    if (!text) return FV_NO_MEMORY;
    FV_TRY(cli_set(options, &cli_flags[CLI_FLAG_normalize], text, CLI_BY_USER, "--"));
    if (!p->channels || options->channels) return FV_OK;
    text = cli_channels_name((int)p->channels - FV_RGB);
    return cli_set(options, &cli_flags[CLI_FLAG_channels], text, CLI_BY_USER, "--");
}

fv_precision cli_precision(const cli_options *options) {
    return (fv_precision)choice(&cli_flags[CLI_FLAG_precision], options->precision);
}

fv_tta cli_tta(const cli_options *options) { return (fv_tta)choice(&cli_flags[CLI_FLAG_tta], options->tta); }

fv_maps cli_maps(const cli_options *options) { return (fv_maps)choice(&cli_flags[CLI_FLAG_maps], options->maps); }

fv_status cli_preprocess_settings(const cli_options *options, const fv_dataset *train, int channels,
                                  fv_preprocess *preprocess) {
    static const fv_channels orders[] = {FV_RGB, FV_BGR, FV_GRAY};        /* as cli_channels_name */
    static const fv_decode decodes[] = {FV_DECODE_EXACT, FV_DECODE_FAST}; /* as cli_decode_name */
    static const fv_resize hows[] = {FV_RESIZE_PIL, FV_RESIZE_CV2};       /* as cli_resize_name */
    bool own = strcmp(options->normalize, "auto") == 0;
    *preprocess = own ? fv_dataset_preprocess(train, channels) : (fv_preprocess){0};
    preprocess->resize = hows[choice(&cli_flags[CLI_FLAG_resize], options->resize)];
    FV_TRY(background(options->background, &preprocess->background));
    preprocess->decode = decodes[choice(&cli_flags[CLI_FLAG_decode], options->decode)];
    if (options->channels) preprocess->channels = orders[choice(&cli_flags[CLI_FLAG_channels], options->channels)];
    return own ? FV_OK : normalization(options->normalize, channels, preprocess);
}
