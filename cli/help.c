/* Help: usage, flags in their groups, notes; at most 100 columns. */
#include "help.h"

#include "optim/help.h"
#include "text.h"
#include "values.h"

#include <string.h>

enum { COLUMNS = 100, HELP_COLUMN = 28 };

/* Prints words from column `indent` on, in lines of at most COLUMNS; the first begins at the current column. */
static void print_wrapped(FILE *out, const char *text, int indent) {
    int column = indent;
    for (const char *word = text; *word;) {
        int length = (int)strcspn(word, " ");
        bool first = column == indent;
        if (!first && column + 1 + length > COLUMNS) fprintf(out, "\n%*s", indent, ""), column = indent, first = true;
        column += fprintf(out, "%s%.*s", first ? "" : " ", length, word);
        word += length + (word[length] == ' ');
    }
    fputc('\n', out);
}

const char *cli_flag_help(const cli_flag *flag, char *text, size_t size) {
    char choices[256];
    const char *standard = flag->standard ? flag->standard : flag->standing;
    size_t used = (size_t)snprintf(text, size, "%s", flag->help);
    if (flag->kind == CLI_CHOICE)
        used += (size_t)snprintf(text + used, size - used, " (%s)", cli_choice_words(flag, choices, sizeof choices));
    if (standard) snprintf(text + used, size - used, " [%s]", standard);
    return text;
}

static void print_flag(FILE *out, const cli_flag *flag) {
    char text[768];
    int column =
        fprintf(out, "  --%s%s%s", flag->name, flag->argument ? " " : "", flag->argument ? flag->argument : "");
    if (column + 2 > HELP_COLUMN) fputc('\n', out), column = 0;
    fprintf(out, "%*s", HELP_COLUMN - column, "");
    print_wrapped(out, cli_flag_help(flag, text, sizeof text), HELP_COLUMN);
}

static void print_flags(FILE *out, const cli_command *command) {
    const cli_flag *group = NULL;
    for (const cli_flag *flag = cli_flags; flag < cli_flags + CLI_FLAGS; flag++) {
        if (flag->kind == CLI_GROUP) group = flag;
        if (!cli_takes(command, flag)) continue;
        if (group) fprintf(out, "\n%s:\n", group->help);
        group = NULL;
        print_flag(out, flag);
    }
}

void cli_transform_help(const fv_transform *transform, char *text, size_t size) {
    const fv_parameter *p = transform->parameter;
    size_t used = (size_t)snprintf(text, size, "%s", transform->help);
    for (int i = 0; i < FV_PARAMETERS && p[i].name; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : " [", p[i].standard);
    if (p->name) snprintf(text + used, size - used, "]");
}

/* What a name in a list stands for. */
static void print_entry(FILE *out, const char *usage, const char *help) {
    int column = fprintf(out, "  %s", usage);
    if (column + 2 > HELP_COLUMN) fputc('\n', out), column = 0;
    fprintf(out, "%*s", HELP_COLUMN - column, "");
    print_wrapped(out, help, HELP_COLUMN);
}

static void print_schedules(FILE *out) {
    char usage[256];
    const char *help;
    fputs("\nSCHEDULE, with its defaults. R is --lr, t the steps since the warm-up, T how many there are; with\n"
          "\",by_epoch\" behind it times are epochs:\n",
          out);
    for (int i = 0; (help = fv_schedule_help(i, usage, sizeof usage)); i++) print_entry(out, usage, help);
}

static void print_optimizers(FILE *out) {
    char usage[256];
    fputs("\nOPTIMIZER, with its defaults; an option that is a word is off unless named:\n", out);
    for (int i = 0; fv_optimizer_usage(i, usage, sizeof usage); i++) fprintf(out, "  %s\n", usage);
}

static void print_transforms(FILE *out) {
    char help[256];
    const fv_transform *t;
    fputs("\nLIST of transforms, in the order in which they happen; a number may be a span, LOW-HIGH:\n", out);
    for (int i = 0; (t = fv_transform_at(i)); i++) {
        cli_transform_help(t, help, sizeof help);
        print_entry(out, t->usage, help);
    }
}

static void print_command_help(FILE *out, const cli_command *command) {
    fprintf(out, "fovea %s: %s\n\n", command->name, command->help);
    for (const char *line = command->usage;; line++) {
        int length = (int)strcspn(line, "\n");
        fprintf(out, "  fovea %s%s%.*s\n", command->name, length ? " " : "", length, line);
        line += length;
        if (!*line) break;
    }
    print_flags(out, command);
    if (cli_takes(command, &cli_flags[CLI_FLAG_augment])) print_transforms(out);
    if (cli_takes(command, &cli_flags[CLI_FLAG_optimizer])) print_optimizers(out);
    if (cli_takes(command, &cli_flags[CLI_FLAG_schedule])) print_schedules(out);
    if (*command->notes) fprintf(out, "\n%s", command->notes);
}

static void print_program_help(FILE *out) {
    fputs("fovea: train, measure and use image classifiers on CPUs\n\n", out);
    for (const cli_command *command = cli_commands; command < cli_commands + CLI_COMMANDS; command++)
        fprintf(out, "  fovea %-12s %s\n", command->name, command->help);
    fputs("\n`fovea COMMAND --help` lists a command's flags.\n"
          "\n"
          "Exit status: 0 done, 1 the work failed, 2 wrong usage, 130 interrupted (a run's state is saved).\n"
          "\n"
          "Examples:\n"
          "  fovea train lenet --data synthetic:fundus --epochs 5 --out runs/fundus\n"
          "  fovea predict runs/fundus/best.safetensors eye.png\n",
          out);
}

void cli_print_help(FILE *out, const cli_command *command) {
    if (command)
        print_command_help(out, command);
    else
        print_program_help(out);
}
