/* fovea completions: the shells' scripts, from the tables. */
#include "options.h"

#include "core/status.h"
#include "fovea/model.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

#define EACH_COMMAND(c) for (const cli_command *c = cli_commands; c < cli_commands + CLI_COMMANDS; c++)
#define EACH_FLAG(f)                                                    \
    for (const cli_flag *f = cli_flags; f < cli_flags + CLI_FLAGS; f++) \
        if (f->kind != CLI_GROUP && f->commands)

static void print_choices(const cli_flag *flag, const char *between) {
    for (int i = 0; flag->choices(i); i++) printf("%s%s", i ? between : "", flag->choices(i));
}

static void print_networks(void) {
    fv_network_info info;
    for (int i = 0; fv_network_at(i, &info); i++) printf("%s%s", i ? " " : "", info.name);
}

/* The first argument is a network's name. */
static bool takes_model(const cli_command *command) { return strncmp(command->usage, "MODEL", 5) == 0; }

static const char *const shells[] = {"bash", "zsh", "fish"};

static void print_words(const char *skip) {
    EACH_COMMAND(c) if (strcmp(c->name, skip) != 0) printf("%s%s", c == cli_commands ? "" : " ", c->name);
}

/* ---- bash -------------------------------------------------------------------------------------------------------- */

/* What follows a flag: its choices, files, folders, or something that cannot be guessed. */
static void print_bash_value(const cli_flag *flag) {
    printf("    --%s) ", flag->name);
    if (flag->choices)
        printf("words='"), print_choices(flag, " "), printf("'");
    else if (flag->kind == CLI_FOLDER)
        printf("COMPREPLY=($(compgen -d -- \"$word\")) && return");
    else if (flag->kind == CLI_PATH || flag->kind == CLI_TEXT)
        printf("COMPREPLY=($(compgen -f -- \"$word\")) && return");
    else
        printf("return");
    printf(" ;;\n");
}

static void print_bash(void) {
    printf("# bash completion of fovea\n"
           "_fovea() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD-1]} words=\n"
           "    COMPREPLY=()\n"
           "    case $last in\n");
    EACH_FLAG(flag) if (flag->kind != CLI_BOOL) print_bash_value(flag);
    printf("    *) case $COMP_CWORD:${COMP_WORDS[1]} in\n        1:*) words='");
    print_words("");
    printf("' ;;\n");
    EACH_COMMAND(command) {
        printf("        *:%s) words='", command->name);
        EACH_FLAG(flag) if (cli_takes(command, flag)) printf("--%s ", flag->name);
        if (takes_model(command)) print_networks();
        if (command->run == cli_completions) printf("bash zsh fish");
        if (command->run == cli_help) print_words("help");
        printf("' ;;\n");
    }
    printf("        esac ;;\n"
           "    esac\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
           "}\n"
           "complete -o default -F _fovea fovea\n");
}

/* ---- zsh --------------------------------------------------------------------------------------------------------- */

/* Help as _arguments wants it: without what it would take for its own. */
static void print_zsh_help(const char *help) {
    for (; *help; help++) {
        if (*help == '\'')
            printf("'\\''");
        else if (strchr("[]:\\", *help))
            printf("\\%c", *help);
        else
            putchar(*help);
    }
}

static void print_zsh_flag(const cli_flag *flag) {
    printf("            '--%s[", flag->name);
    print_zsh_help(flag->help);
    putchar(']');
    if (flag->kind != CLI_BOOL) {
        printf(":");
        print_zsh_help(flag->argument);
        printf(":");
    }
    if (flag->choices)
        printf("("), print_choices(flag, " "), printf(")");
    else if (flag->kind == CLI_FOLDER)
        printf("_files -/");
    else if (flag->kind == CLI_PATH || flag->kind == CLI_TEXT)
        printf("_files");
    printf("' \\\n");
}

static void print_zsh(void) {
    printf("#compdef fovea\n"
           "_fovea() {\n"
           "    local -a commands=(\n");
    EACH_COMMAND(command) printf("        '%s:%s'\n", command->name, command->help);
    printf("    )\n"
           "    if ((CURRENT == 2)); then _describe command commands && return; fi\n"
           "    local command=$words[2]\n"
           "    words=(\"${(@)words[2,-1]}\")\n"
           "    ((CURRENT--))\n"
           "    case $command in\n");
    EACH_COMMAND(command) {
        printf("    %s)\n        _arguments \\\n", command->name);
        EACH_FLAG(flag) if (cli_takes(command, flag)) print_zsh_flag(flag);
        if (takes_model(command)) printf("            '1:MODEL:("), print_networks(), printf(")' \\\n");
        printf("            '*:file:_files' ;;\n");
    }
    printf("    esac\n"
           "}\n"
           "_fovea \"$@\"\n");
}

/* ---- fish -------------------------------------------------------------------------------------------------------- */

static void print_fish_help(const char *help) {
    for (; *help; help++) printf(strchr("'\\", *help) ? "\\%c" : "%c", *help);
}

static void print_fish_flag(const cli_command *command, const cli_flag *flag) {
    printf("complete -c fovea -n '__fish_seen_subcommand_from %s' -l %s", command->name, flag->name);
    if (flag->choices)
        printf(" -x -a '"), print_choices(flag, " "), printf("'");
    else if (flag->kind == CLI_FOLDER)
        printf(" -x -a '(__fish_complete_directories)'");
    else if (flag->kind == CLI_PATH || flag->kind == CLI_TEXT)
        printf(" -r");
    else if (flag->kind != CLI_BOOL)
        printf(" -x");
    printf(" -d '");
    print_fish_help(flag->help);
    printf("'\n");
}

static void print_fish(void) {
    printf("# fish completion of fovea\n");
    EACH_COMMAND(command) {
        printf("complete -c fovea -n __fish_use_subcommand -f -a %s -d '", command->name);
        print_fish_help(command->help);
        printf("'\n");
    }
    EACH_COMMAND(command) {
        EACH_FLAG(flag) if (cli_takes(command, flag)) print_fish_flag(command, flag);
        if (!takes_model(command)) continue;
        printf("complete -c fovea -n '__fish_seen_subcommand_from %s' -a '", command->name);
        print_networks();
        printf("'\n");
    }
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

fv_status cli_completions(cli_options *options) {
    static void (*const print[])(void) = {print_bash, print_zsh, print_fish};
    const char *shell = options->arguments[0];
    char near[96];
    for (int i = 0; i < 3; i++) {
        if (strcmp(shells[i], shell) != 0) continue;
        print[i]();
        return FV_OK;
    }
    return fv_fail(FV_BAD_ARGUMENT, "%s: no such shell: must be bash, zsh or fish%s", shell,
                   cli_did_you_mean(shell, shells, 3, near));
}
