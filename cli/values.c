#include "values.h"

#include "augment/augment.h"
#include "fovea/optim.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Ranges: "[1,65536]" with both ends, "(0,1)" without --------------------------------------------------------- */

typedef struct range {
    bool open[2];
    char end[2][32]; /* as they are written */
} range;

static range read_range(const char *text) {
    range r = {0};
    char last = 0;
    r.open[0] = *text == '(';
    sscanf(text + 1, "%31[^,],%31[^])]%c", r.end[0], r.end[1], &last);
    r.open[1] = last == ')';
    return r;
}

const char *cli_range_words(const char *text, char words[96]) {
    range r = read_range(text);
    if (!r.open[0] && !r.open[1])
        snprintf(words, 96, "from %s to %s", r.end[0], r.end[1]);
    else
        snprintf(words, 96, "%s %s and %s %s", r.open[0] ? "above" : "at least", r.end[0],
                 r.open[1] ? "below" : "at most", r.end[1]);
    return words;
}

static fv_status out_of_range(const char *kind, const char *text) {
    char words[96];
    return fv_fail(FV_BAD_ARGUMENT, "must be %s%s", kind, cli_range_words(text, words));
}

/* ---- Kinds ------------------------------------------------------------------------------------------------------- */

static fv_status parse_bool(const cli_flag *flag, const char *text, void *field) {
    (void)flag;
    bool yes = strcmp(text, "yes") == 0;
    if (!yes && strcmp(text, "no") != 0) return fv_fail(FV_BAD_ARGUMENT, "must be yes or no");
    *(cli_bool *)field = yes;
    return FV_OK;
}

/* Reads digits, perhaps with a minus. Fills *number and returns where it ended; NULL if there is none that fits. */
static const char *read_int(const char *text, cli_int *number) {
    char *end;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno || !strchr("-0123456789", *text) || end == text ? NULL : end;
}

static bool int_within(const char *text, cli_int number) {
    range r = read_range(text);
    return number >= strtoll(r.end[0], NULL, 10) && number <= strtoll(r.end[1], NULL, 10);
}

static fv_status parse_int(const cli_flag *flag, const char *text, void *field) {
    cli_int number = 0;
    const char *end = read_int(text, &number);
    if (!end || *end) return out_of_range("a whole number ", flag->range);
    if (!int_within(flag->range, number)) return out_of_range("", flag->range);
    *(cli_int *)field = number;
    return FV_OK;
}

static fv_status parse_real(const cli_flag *flag, const char *text, void *field) {
    char *end;
    double number = strtod(text, &end);
    if (end == text || *end) return out_of_range("a number ", flag->range);
    range r = read_range(flag->range);
    double low = strtod(r.end[0], NULL), high = strtod(r.end[1], NULL);
    bool inside = (r.open[0] ? number > low : number >= low) && (r.open[1] ? number < high : number <= high);
    if (!inside) return out_of_range("", flag->range); /* NaN, too */
    *(cli_real *)field = number;
    return FV_OK;
}

fv_status cli_check_augment(const char *text) {
    fv_augment augment;
    return fv_augment_parse(text, &augment);
}

fv_status cli_check_schedule(const char *text) {
    fv_schedule schedule;
    return fv_schedule_parse(text, &schedule);
}

fv_status cli_check_weight_decay_by(const char *text) { return fv_optimizer_check(&fv_sgd(.weight_decay_by = text)); }
fv_status cli_check_l1_by(const char *text) { return fv_optimizer_check(&fv_sgd(.l1_by = text)); }

fv_status cli_check_optimizer(const char *text) {
    fv_optimizer optimizer;
    return fv_optimizer_parse(text, &optimizer);
}

static fv_status parse_text(const cli_flag *flag, const char *text, void *field) {
    if (!*text) return fv_fail(FV_BAD_ARGUMENT, "must not be empty");
    for (const unsigned char *c = (const void *)text; *c; c++)
        if (*c < ' ' || *c == 127) return fv_fail(FV_BAD_ARGUMENT, "must not hold control characters");
    if (flag->check) FV_TRY(flag->check(text));
    *(cli_text *)field = text;
    return FV_OK;
}

static fv_status parse_choice(const cli_flag *flag, const char *text, void *field) {
    const char *names[64], *name;
    char words[256], near[96];
    size_t n = 0;
    for (; n < 64 && (name = flag->choices((int)n)); n++) {
        names[n] = name;
        if (strcmp(text, name) != 0) continue;
        *(cli_text *)field = name;
        return FV_OK;
    }
    return fv_fail(FV_BAD_ARGUMENT, "must be %s%s", cli_choice_words(flag, words, sizeof words),
                   n > 1 ? cli_did_you_mean(text, names, n, near) : "");
}

/* "AxBxC" into *sizes: as many numbers as it has, up to three, each within the range; false if it is anything else. */
static bool read_sizes(const char *text, const char *limits, cli_sizes *sizes) {
    for (sizes->n = 0; sizes->n < 3;) {
        cli_int number = 0;
        text = read_int(text, &number);
        if (!text || !int_within(limits, number)) return false;
        sizes->at[sizes->n++] = (int)number;
        if (!*text) return true;
        if (*text++ != 'x') return false;
    }
    return false;
}

static fv_status parse_shape(const cli_flag *flag, const char *text, void *field) {
    cli_sizes sizes;
    if (!read_sizes(text, flag->range, &sizes) || sizes.n != 3)
        return out_of_range("CxHxW (channels, height, width), each ", flag->range);
    *(cli_sizes *)field = sizes;
    return FV_OK;
}

static fv_status parse_sides(const cli_flag *flag, const char *text, void *field) {
    cli_sizes sizes;
    if (!read_sizes(text, flag->range, &sizes) || sizes.n > 2)
        return out_of_range("N or HxW (height, width), each ", flag->range);
    if (sizes.n == 1) sizes.at[1] = sizes.at[0], sizes.n = 2;
    *(cli_sizes *)field = sizes;
    return FV_OK;
}

fv_status cli_parse_value(const cli_flag *flag, const char *text, void *field) {
    static fv_status (*const parse[])(const cli_flag *, const char *, void *) = {
        [CLI_BOOL] = parse_bool,     [CLI_INT] = parse_int,     [CLI_REAL] = parse_real,
        [CLI_TEXT] = parse_text,     [CLI_PATH] = parse_text,   [CLI_FOLDER] = parse_text,
        [CLI_CHOICE] = parse_choice, [CLI_SHAPE] = parse_shape, [CLI_SIDES] = parse_sides,
    };
    return parse[flag->kind](flag, text, field);
}

/* ---- Choices ----------------------------------------------------------------------------------------------------- */

const char *cli_choice_words(const cli_flag *flag, char *text, size_t size) {
    size_t used = 0;
    *text = '\0';
    for (int i = 0; flag->choices(i) && used < size; i++) {
        const char *between = i == 0 ? "" : flag->choices(i + 1) ? ", " : " or ";
        used += (size_t)snprintf(text + used, size - used, "%s%s", between, flag->choices(i));
    }
    return text;
}

static const char *at(const char *const *names, int count, int index) { return index < count ? names[index] : NULL; }
#define NAMES(...) \
    at((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), index)

const char *cli_channels_name(int index) { return NAMES("rgb", "bgr", "gray"); }
const char *cli_resize_name(int index) { return NAMES("pil", "cv2"); }
const char *cli_decode_name(int index) { return NAMES("exact", "fast"); }
const char *cli_maps_name(int index) { return NAMES("auto", "kept", "again"); }
const char *cli_isa_name(int index) { return NAMES("generic", "avx2", "avx512"); }
const char *cli_mode_name(int index) { return NAMES("train", "infer", "load"); }
const char *cli_sampler_name(int index) { return NAMES("shuffled", "balanced"); }
