/* The program: picks the command, prints the message of a failure, and turns its status into an exit code. */
#include "core/status.h"
#include "help.h"
#include "output.h"
#include "processors.h"
#include "text.h"

#include <signal.h>
#include <string.h>

enum { WORK_FAILED = 1, WRONG_USAGE = 2, INTERRUPTED = 130 };

static int exit_code(fv_status status) {
    switch (status) {
    case FV_OK:
        return 0;
    case FV_BAD_ARGUMENT:
        return WRONG_USAGE;
    case FV_STOPPED:
        return INTERRUPTED;
    default:
        return WORK_FAILED;
    }
}

/* Whether the command takes its time: those that can have images loaded ahead. */
static bool is_long(const cli_command *command) {
    return cli_flags[CLI_FLAG_workers].commands >> (command - cli_commands) & 1;
}

static fv_status run_command(int argc, char **argv) {
    const cli_command *command = cli_command_find(argv[1]);
    if (!command) return FV_BAD_ARGUMENT;
    if (is_long(command)) cli_share_processors(argv);
    cli_options options = {0};
    fv_status status = cli_parse(&options, command, argc - 2, argv + 2);
    if (status == FV_OK && options.help)
        cli_print_help(stdout, command);
    else if (status == FV_OK)
        status = command->run(&options);
    cli_options_free(&options);
    return status;
}

int main(int argc, char **argv) {
    cli_output_begin();
    if (argc < 2) {
        cli_print_help(stderr, NULL);
        return WRONG_USAGE;
    }
    static char help[] = "help", version[] = "version";
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) argv[1] = help;
    if (strcmp(argv[1], "--version") == 0) argv[1] = version;
    signal(SIGXFSZ, SIG_IGN); /* a file beyond `ulimit -f` is an error to report, as a full disk is */
    fv_status status = run_command(argc, argv);
    if (status == FV_OK) status = cli_output_end();
    if (status != FV_OK) cli_say("fovea: %s", fv_error());
    return exit_code(status);
}
