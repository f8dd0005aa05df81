/* The table of flags, and reading a command's arguments by it. */
#include "options.h"

#include "core/memory.h"
#include "core/suggest.h"
#include "fovea/train.h"
#include "recipe.h"
#include "values.h"

#include <string.h>

enum {
#define COMMAND(id, ...) id = 1u << CLI_##id,
#include "commands.def"
#undef COMMAND
    EVERY = (1u << CLI_COMMANDS) - 1
};

const cli_flag cli_flags[CLI_FLAGS] = {
#define GROUP(id, title) {.kind = CLI_GROUP, .help = title},
#define FLAG(kind_, field, name_, argument_, commands_, ...) \
    {.kind = CLI_##kind_,                                    \
     .name = name_,                                          \
     .argument = argument_,                                  \
     .offset = offsetof(cli_options, field),                 \
     .commands = commands_,                                  \
     __VA_ARGS__},
#include "flags.def"
#undef GROUP
#undef FLAG
};

/* ---- Setting a value --------------------------------------------------------------------------------------------- */

fv_status cli_set(cli_options *options, const cli_flag *flag, const char *text, cli_source source, const char *where) {
    ptrdiff_t id = flag - cli_flags;
    bool wins = source >= options->source[id];
    cli_options loser; /* what does not win must be right, too */
    fv_status status = cli_parse_value(flag, text, (char *)(wins ? options : &loser) + flag->offset);
    if (status != FV_OK) return fv_fail_in(status, "%s%s %s", where, flag->name, text);
    if (!wins) return FV_OK;
    options->text[id] = text;
    options->source[id] = source;
    return FV_OK;
}

static fv_status set_defaults(cli_options *options) {
    for (const cli_flag *flag = cli_flags; flag < cli_flags + CLI_FLAGS; flag++)
        if (flag->standard) FV_TRY(cli_set(options, flag, flag->standard, CLI_BY_DEFAULT, "default of --"));
    return FV_OK;
}

/* ---- Finding a flag ---------------------------------------------------------------------------------------------- */

static bool named(const cli_flag *flag, const char *name, size_t length) {
    return flag->kind != CLI_GROUP && strlen(flag->name) == length && memcmp(flag->name, name, length) == 0;
}

static fv_status no_such_flag(const cli_command *command, const char *name) {
    const char *names[CLI_FLAGS];
    size_t n = 0;
    for (const cli_flag *flag = cli_flags; flag < cli_flags + CLI_FLAGS; flag++)
        if (cli_takes(command, flag)) names[n++] = flag->name;
    const char *near = fv_suggest(name, names, n);
    if (near) return fv_fail(FV_BAD_ARGUMENT, "--%s: no such flag: did you mean --%s?", name, near);
    return fv_fail(FV_BAD_ARGUMENT, "--%s: no such flag: `fovea %s --help` lists them", name, command->name);
}

/* A flag of another command: says whose. */
static fv_status misplaced(const cli_command *command, const cli_flag *flag) {
    const cli_command *owner = cli_commands;
    while (!cli_takes(owner, flag)) owner++;
    return fv_fail(FV_BAD_ARGUMENT, "--%s: not a flag of `fovea %s`, but of `fovea %s`", flag->name, command->name,
                   owner->name);
}

/* `name` need not end at `length`. */
static fv_status find(cli_options *options, const char *name, size_t length, const cli_flag **found) {
    for (const cli_flag *flag = cli_flags; flag < cli_flags + CLI_FLAGS; flag++) {
        if (!named(flag, name, length) || !flag->commands) continue;
        *found = flag; /* two commands may have flags of one name: --out DIR, --out FILE */
        if (cli_takes(options->command, flag)) return FV_OK;
    }
    if (*found) return misplaced(options->command, *found);
    char *word = fv_arena_format(&options->arena, "%.*s", (int)length, name);
    return word ? no_such_flag(options->command, word) : FV_NO_MEMORY;
}

/* ---- The command line -------------------------------------------------------------------------------------------- */

/* Takes the flag at **at, and its value, which may be the next word; moves *at to the last word taken. */
static fv_status take_flag(cli_options *options, char ***at, char **end) {
    const cli_flag *flag = NULL;
    const char *name = **at + 2, *equals = strchr(name, '=');
    FV_TRY(find(options, name, equals ? (size_t)(equals - name) : strlen(name), &flag));
    if (flag->kind == CLI_BOOL) {
        if (equals) return fv_fail(FV_BAD_ARGUMENT, "--%s: takes no value", name);
        return cli_set(options, flag, "yes", CLI_BY_USER, "--");
    }
    if (equals) return cli_set(options, flag, equals + 1, CLI_BY_USER, "--");
    if (*at + 1 == end || strncmp((*at)[1], "--", 2) == 0)
        return fv_fail(FV_BAD_ARGUMENT, "--%s: needs a value, %s", flag->name, flag->argument);
    return cli_set(options, flag, *++*at, CLI_BY_USER, "--");
}

static fv_status take_words(cli_options *options, int argc, char **argv) {
    bool flags = true;
    options->arguments = fv_arena_alloc(&options->arena, (size_t)argc + 1, sizeof(char *));
    if (!options->arguments) return FV_NO_MEMORY;
    for (char **at = argv, **end = argv + argc; at < end; at++) {
        if (flags && strcmp(*at, "--") == 0)
            flags = false;
        else if (flags && strcmp(*at, "-h") == 0)
            options->help = true;
        else if (flags && strncmp(*at, "--", 2) == 0)
            FV_TRY(take_flag(options, &at, end));
        else if (flags && (*at)[0] == '-' && (*at)[1])
            return fv_fail(FV_BAD_ARGUMENT, "%s: flags begin with --", *at);
        else
            options->arguments[options->n_arguments++] = *at;
    }
    return FV_OK;
}

static fv_status check_count(const cli_options *options) {
    const cli_command *command = options->command;
    int n = options->n_arguments;
    size_t line = strcspn(command->usage, "\n");
    if (n < command->least)
        return fv_fail(FV_BAD_ARGUMENT, "something is missing: fovea %s %.*s", command->name, (int)line,
                       command->usage);
    if (n > command->most && command->most == 0)
        return fv_fail(FV_BAD_ARGUMENT, "%s: `fovea %s` takes only flags", options->arguments[0], command->name);
    if (n > command->most)
        return fv_fail(FV_BAD_ARGUMENT, "%s: one too many: fovea %s %.*s", options->arguments[command->most],
                       command->name, (int)line, command->usage);
    return FV_OK;
}

fv_status cli_parse(cli_options *options, const cli_command *command, int argc, char **argv) {
    options->command = command;
    FV_TRY(set_defaults(options));
    FV_TRY(take_words(options, argc, argv));
    return options->help ? FV_OK : check_count(options);
}

void cli_options_free(cli_options *options) { fv_arena_free(&options->arena); }
