/* --freeze and --lr-scale as the parts of a network that they name. */
#include "core/status.h"
#include "settings.h"

#include <stdlib.h>
#include <string.h>

/* Names in a list that commas separate. */
static size_t count_items(const char *text) {
    size_t n = text != NULL;
    for (; text && *text; text++) n += *text == ',';
    return n;
}

static bool read_frozen(char *item, fv_part_options *part) {
    *part = (fv_part_options){.name = item, .frozen = true};
    return *item != '\0';
}

/* "fc=10". */
static bool read_scale(char *item, fv_part_options *part) {
    char *equals = strchr(item, '='), *end;
    if (!equals || equals == item) return false;
    *equals = '\0';
    *part = (fv_part_options){.name = item, .lr_scale = strtof(equals + 1, &end)};
    return end != equals + 1 && !*end && part->lr_scale > 0 && part->lr_scale <= 1e6f;
}

static fv_status read_items(cli_options *options, cli_flag_id id, bool (*read)(char *item, fv_part_options *part),
                            const char *form, fv_part_options **next) {
    if (!options->text[id]) return FV_OK;
    char *text = fv_arena_format(&options->arena, "%s", options->text[id]);
    if (!text) return FV_NO_MEMORY;
    for (char *item; (item = strsep(&text, ","));)
        if (!read(item, (*next)++))
            return fv_fail(FV_BAD_ARGUMENT, "--%s %s: must be %s", cli_flags[id].name, options->text[id], form);
    return FV_OK;
}

fv_status cli_parts_settings(cli_options *options, const fv_part_options **parts, int *n) {
    size_t most = count_items(options->freeze) + count_items(options->lr_scale);
    fv_part_options *all = fv_arena_alloc(&options->arena, most, sizeof *all), *next = all;
    if (!all) return FV_NO_MEMORY;
    FV_TRY(read_items(options, CLI_FLAG_freeze, read_frozen, "names that commas separate: backbone or layer1,layer2",
                      &next));
    FV_TRY(read_items(options, CLI_FLAG_lr_scale, read_scale,
                      "NAME=FACTOR, factors above 0 and at most 1e6, that commas separate: fc=10,layer4=2", &next));
    *parts = all;
    *n = (int)(next - all);
    return FV_OK;
}
