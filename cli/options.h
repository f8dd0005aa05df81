/* The program's commands and flags, which are tables, and the values that a user gave.
 *
 * A command returns a status and leaves its message in fv_error(); main() alone prints it and picks the exit code. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "core/arena.h"

/* ---- Commands: the rows of commands.def -------------------------------------------------------------------------- */

typedef struct cli_options cli_options;

typedef enum cli_command_id {
#define COMMAND(id, ...) CLI_##id,
#include "commands.def"
#undef COMMAND
    CLI_COMMANDS
} cli_command_id;

typedef struct cli_command {
    const char *name;
    int least, most; /* arguments that are not flags */
    const char *usage, *help, *notes;
    fv_status (*run)(cli_options *options);
} cli_command;

extern const cli_command cli_commands[CLI_COMMANDS];

/* NULL with a message, which suggests a name, if there is none. */
const cli_command *cli_command_find(const char *name);

#define COMMAND(id, name, ...) fv_status cli_##name(cli_options *options);
#include "commands.def"
#undef COMMAND

/* ---- Flags: the rows of flags.def -------------------------------------------------------------------------------- */

typedef enum cli_kind {
    CLI_GROUP, /* not a flag: the title of those that follow */
    CLI_BOOL,
    CLI_INT,
    CLI_REAL,
    CLI_TEXT,
    CLI_PATH,
    CLI_FOLDER,
    CLI_CHOICE,
    CLI_SHAPE, /* CxHxW */
    CLI_SIDES, /* N or HxW */
} cli_kind;

typedef struct cli_flag {
    cli_kind kind;
    const char *name, *argument;          /* "batch-size", "N" */
    size_t offset;                        /* of the value in cli_options */
    unsigned commands;                    /* bit 1 << cli_command_id of each that takes it */
    const char *help;                     /* stands after `commands`, as in flags.def */
    const char *standard;                 /* the default; NULL: none */
    const char *standing;                 /* what stands where no value is given, in words */
    const char *range;                    /* of numbers: "[1,65536]", "(0,1]" */
    const char *(*choices)(int index);    /* of CLI_CHOICE, and words that a CLI_TEXT begins with: NULL past the last */
    fv_status (*check)(const char *text); /* of CLI_TEXT, beyond what all texts must be */
    bool recipe, later;
} cli_flag;

typedef enum cli_flag_id {
#define GROUP(id, title)       CLI_FLAG_GROUP_##id,
#define FLAG(kind, field, ...) CLI_FLAG_##field,
#include "flags.def"
#undef GROUP
#undef FLAG
    CLI_FLAGS
} cli_flag_id;

extern const cli_flag cli_flags[CLI_FLAGS];

static inline bool cli_takes(const cli_command *command, const cli_flag *flag) {
    return flag->commands >> (command - cli_commands) & 1;
}

fv_status cli_check_augment(const char *text);
fv_status cli_check_schedule(const char *text);
fv_status cli_check_optimizer(const char *text);
fv_status cli_check_weight_decay_by(const char *text);
fv_status cli_check_l1_by(const char *text);

/* Names for CLI_CHOICE that are not the library's. */
const char *cli_channels_name(int index);
const char *cli_resize_name(int index);
const char *cli_decode_name(int index);
const char *cli_maps_name(int index);
const char *cli_isa_name(int index);
const char *cli_mode_name(int index);
const char *cli_sampler_name(int index);

/* ---- Values ------------------------------------------------------------------------------------------------------ */

typedef bool cli_bool;
typedef long long cli_int;
typedef double cli_real;
typedef const char *cli_text;
typedef struct cli_sizes {
    int n, at[3];
} cli_sizes;

/* Where a value comes from; what stands further down wins, whatever came first. */
typedef enum cli_source { CLI_BY_DEFAULT, CLI_BY_RECIPE, CLI_BY_USER } cli_source;

struct cli_options {
    const cli_command *command;
    char **arguments; /* those that are not flags */
    int n_arguments;
#define CLI_TYPE_BOOL   cli_bool
#define CLI_TYPE_INT    cli_int
#define CLI_TYPE_REAL   cli_real
#define CLI_TYPE_TEXT   cli_text
#define CLI_TYPE_PATH   cli_text
#define CLI_TYPE_FOLDER cli_text
#define CLI_TYPE_CHOICE cli_text
#define CLI_TYPE_SHAPE  cli_sizes
#define CLI_TYPE_SIDES  cli_sizes
#define GROUP(id, title)
#define FLAG(kind, field, ...) CLI_TYPE_##kind field;
#include "flags.def"
#undef GROUP
#undef FLAG
    const char *text[CLI_FLAGS]; /* each value as it was written; NULL: it has none, and its field is zero */
    cli_source source[CLI_FLAGS];
    fv_arena arena; /* for texts */
};

#define CLI_HAS(options, field) ((options)->text[CLI_FLAG_##field] != NULL)

/* Reads `fovea COMMAND` arguments from argv[0] on. Frees nothing on failure: cli_options_free. */
fv_status cli_parse(cli_options *options, const cli_command *command, int argc, char **argv);
void cli_options_free(cli_options *options);

/* Sets a flag from text, unless something stronger has; `where` stands before the name in messages ("--"). The text
 * must outlive the options. */
fv_status cli_set(cli_options *options, const cli_flag *flag, const char *text, cli_source source, const char *where);

#endif
