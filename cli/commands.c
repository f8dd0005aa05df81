/* The table of commands, and the two that only print. */
#include "core/status.h"
#include "core/suggest.h"
#include "help.h"
#include "options.h"

#include <limits.h>
#include <string.h>

const cli_command cli_commands[CLI_COMMANDS] = {
#define COMMAND(id, name, least, most, usage, help, notes) {#name, least, most, usage, help, notes, cli_##name},
#include "commands.def"
#undef COMMAND
};

const cli_command *cli_command_find(const char *name) {
    const char *names[CLI_COMMANDS];
    for (int i = 0; i < CLI_COMMANDS; i++) {
        names[i] = cli_commands[i].name;
        if (strcmp(name, names[i]) == 0) return &cli_commands[i];
    }
    const char *near = fv_suggest(name, names, CLI_COMMANDS);
    if (near)
        fv_fail(FV_BAD_ARGUMENT, "%s: no such command: did you mean %s?", name, near);
    else
        fv_fail(FV_BAD_ARGUMENT, "%s: no such command: `fovea help` lists them", name);
    return NULL;
}

fv_status cli_help(cli_options *options) {
    const cli_command *command = NULL;
    if (options->man) {
        cli_print_manual(stdout);
        return FV_OK;
    }
    if (options->n_arguments && !(command = cli_command_find(options->arguments[0]))) return FV_BAD_ARGUMENT;
    cli_print_help(stdout, command);
    return FV_OK;
}

fv_status cli_version(cli_options *options) {
    (void)options;
    puts(fv_version());
    return FV_OK;
}
