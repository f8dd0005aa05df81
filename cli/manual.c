/* The manual page, fovea(1), from the tables. */
#include "help.h"

#include "optim/help.h"

#include <string.h>

/* Text with what roff would take for its own escaped. */
static void print_roff(FILE *out, const char *text, int length) {
    for (int i = 0; i < length; i++) {
        bool begins = i == 0 || text[i - 1] == '\n';
        if (begins && (text[i] == '.' || text[i] == '\'')) fputs("\\&", out);
        if (text[i] == '\\')
            fputs("\\e", out);
        else if (text[i] == '-')
            fputs("\\-", out);
        else
            fputc(text[i], out);
    }
}

static void print_text(FILE *out, const char *text) { print_roff(out, text, (int)strlen(text)); }

/* "fovea train MODEL ...", one paragraph for each line of usage. */
static void print_usage(FILE *out, const cli_command *command) {
    for (const char *line = command->usage;; line++) {
        int length = (int)strcspn(line, "\n");
        fprintf(out, ".PP\n.B fovea %s\n", command->name);
        print_roff(out, line, length);
        fputs(length ? "\n" : "", out);
        line += length;
        if (!*line) return;
    }
}

static void print_flags(FILE *out, const cli_command *command) {
    char help[768];
    for (const cli_flag *flag = cli_flags; flag < cli_flags + CLI_FLAGS; flag++) {
        if (!cli_takes(command, flag)) continue;
        fputs(".TP\n\\fB\\-\\-", out);
        print_text(out, flag->name);
        fputs("\\fR", out);
        if (flag->argument) {
            fputs(" \\fI", out);
            print_text(out, flag->argument);
            fputs("\\fR", out);
        }
        fputc('\n', out);
        print_text(out, cli_flag_help(flag, help, sizeof help));
        fputc('\n', out);
    }
}

static void print_item(FILE *out, const char *name, const char *help) {
    fputs(".TP\n\\fB", out);
    print_text(out, name);
    fputs("\\fR\n", out);
    print_text(out, help);
    fputc('\n', out);
}

static void print_transforms(FILE *out) {
    char help[256];
    const fv_transform *t;
    fputs(".SH TRANSFORMS\nThe LIST of \\-\\-augment: transforms separated by blanks, in the order in which they "
          "happen. A "
          "number may be a span, LOW\\-HIGH, from which each image draws its own.\n",
          out);
    for (int i = 0; (t = fv_transform_at(i)); i++) {
        cli_transform_help(t, help, sizeof help);
        print_item(out, t->usage, help);
    }
}

static void print_optimizers(FILE *out) {
    char usage[256];
    fputs(".SH OPTIMIZERS\nThe OPTIMIZER of \\-\\-optimizer, with its defaults; an option that is a word is off unless "
          "named.\n"
          ".nf\n",
          out);
    for (int i = 0; fv_optimizer_usage(i, usage, sizeof usage); i++) {
        print_text(out, usage);
        fputc('\n', out);
    }
    fputs(".fi\n", out);
}

static void print_schedules(FILE *out) {
    char usage[256];
    const char *help;
    fputs(".SH SCHEDULES\nThe SCHEDULE of \\-\\-schedule, with its defaults. R is \\-\\-lr, t the steps since the "
          "warm\\-up, T "
          "how many there are; with \",by_epoch\" behind it times are epochs.\n",
          out);
    for (int i = 0; (help = fv_schedule_help(i, usage, sizeof usage)); i++) { print_item(out, usage, help); }
}

static void print_command(FILE *out, const cli_command *command) {
    fprintf(out, ".SS fovea %s: %s\n", command->name, command->help);
    print_usage(out, command);
    print_flags(out, command);
    if (!*command->notes) return;
    fputs(".PP\n.nf\n", out);
    print_text(out, command->notes);
    fputs(".fi\n", out);
}

void cli_print_manual(FILE *out) {
    fputs(".TH FOVEA 1\n"
          ".SH NAME\nfovea \\- train, measure and use image classifiers on CPUs\n"
          ".SH SYNOPSIS\n",
          out);
    for (const cli_command *command = cli_commands; command < cli_commands + CLI_COMMANDS; command++)
        print_usage(out, command);
    fputs(".SH COMMANDS\n", out);
    for (const cli_command *command = cli_commands; command < cli_commands + CLI_COMMANDS; command++)
        print_command(out, command);
    print_transforms(out);
    print_optimizers(out);
    print_schedules(out);
    fputs(".SH EXIT STATUS\n"
          "0 done, 1 the work failed, 2 wrong usage, 130 interrupted (a run's state is saved).\n"
          ".SH ENVIRONMENT\n"
          "NO_COLOR takes the color from the progress bar.\n",
          out);
}
