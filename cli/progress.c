#include "progress.h"

#include "core/clock.h"
#include "core/status.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LONGEST = 512, WIDEST_BAR = 40, NARROWEST_BAR = 8 };
static const double redraw_seconds = 0.1;

/* ---- The terminal ------------------------------------------------------------------------------------------------ */

static const char *environment(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

static bool has_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"}; /* the first that is set counts */
    for (int i = 0; i < 3; i++)
        if (*environment(names[i]))
            return strcasestr(environment(names[i]), "utf-8") || strcasestr(environment(names[i]), "utf8");
    return false;
}

static int columns(void) {
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

cli_progress cli_progress_start(long long log_every) {
    bool terminal = isatty(STDERR_FILENO) && *environment("TERM") && strcmp(environment("TERM"), "dumb") != 0;
    return (cli_progress){
        .log_every = (uint64_t)log_every, .terminal = terminal, .color = !*environment("NO_COLOR"), .utf8 = has_utf8()};
}

void cli_progress_end(cli_progress *progress) {
    if (progress->drawn > 0) fputs("\r\033[K", stderr);
    progress->drawn = 0;
}

/* ---- The bar ----------------------------------------------------------------------------------------------------- */

/* "━━━━━━────", `width` columns. */
static void print_bar(const cli_progress *progress, int width, double share) {
    int done = (int)(width * share + 0.5);
    if (progress->color) fputs("\033[32m", stderr);
    for (int i = 0; i < done; i++) fputs(progress->utf8 ? "━" : "#", stderr);
    if (progress->color) fputs("\033[90m", stderr);
    for (int i = done; i < width; i++) fputs(progress->utf8 ? "─" : ".", stderr);
    if (progress->color) fputs("\033[0m", stderr);
}

/* One line, never wider than the terminal: the bar gives way first, then the end of the text. */
static void draw(cli_progress *progress, const char *before, double share, const char *after) {
    int width = columns() - 1, head = (int)strlen(before);
    int bar = width - head - (int)strlen(after);
    if (bar > WIDEST_BAR) bar = WIDEST_BAR;
    if (bar < NARROWEST_BAR) bar = 0;
    int room = width - head - bar;
    if (room < 0) return;
    fprintf(stderr, "\r%s", before);
    print_bar(progress, bar, share);
    fprintf(stderr, "%.*s\033[K", room, after);
    fflush(stderr);
    progress->drawn = fv_seconds();
}

static bool is_due(const cli_progress *progress) {
    return progress->terminal && fv_seconds() - progress->drawn >= redraw_seconds;
}

static int digits(int number) { return snprintf(NULL, 0, "%d", number); }

static void draw_step(cli_progress *progress, const fv_step_report *r) {
    char before[64], after[LONGEST], left[32], speed[32];
    double share = (double)r->batch / (double)r->batches;
    snprintf(before, sizeof before, "epoch %*d/%d ", digits(r->epochs), r->epoch, r->epochs);
    snprintf(after, sizeof after, " %3.0f%%  loss %.4f  %s images/s  %s left", 100 * share, r->loss,
             cli_count((unsigned long long)r->images_per_second, speed), cli_duration(r->seconds_left, left));
    draw(progress, before, share, after);
}

void cli_progress_bytes(cli_progress *progress, const char *name, size_t done, size_t total) {
    char before[64], after[64];
    double share = (double)done / (double)total;
    if (!is_due(progress)) return;
    snprintf(before, sizeof before, "%.60s ", name);
    snprintf(after, sizeof after, " %3.0f%%  %.1f of %.1f MB", 100 * share, (double)done / 1e6, (double)total / 1e6);
    draw(progress, before, share, after);
}

/* ---- Lines ------------------------------------------------------------------------------------------------------- */

static void say_step(cli_progress *progress, const fv_step_report *r) {
    char speed[32];
    cli_progress_end(progress);
    cli_say("epoch %*d/%d  step %llu  lr %.3g  loss %.4f  %s images/s", digits(r->epochs), r->epoch, r->epochs,
            (unsigned long long)r->step, r->lr, r->loss, cli_count((unsigned long long)r->images_per_second, speed));
}

static void say_epoch(const fv_epoch_report *r) {
    char line[LONGEST], speed[32];
    int n = snprintf(line, sizeof line, "epoch %*d/%d  loss %.4f  top-1 %.4f", digits(r->epochs), r->epoch, r->epochs,
                     r->loss, r->top1);
    if (r->validated)
        n += snprintf(line + n, sizeof line - (size_t)n, "  validation loss %.4f  top-1 %.4f%s", r->val_loss,
                      r->val_top1, r->best ? " *" : "  ");
    cli_say("%s  %.2f s  %s images/s", line, r->seconds, cli_count((unsigned long long)r->images_per_second, speed));
}

static fv_status on_step(void *user, const fv_step_report *report) {
    cli_progress *progress = user;
    if (progress->log_every && report->step % progress->log_every == 0) say_step(progress, report);
    if (is_due(progress)) draw_step(progress, report);
    return FV_OK;
}

/* What does not change while the run goes on is found once. */
static fv_status on_train_begin(void *user, const fv_run_info *run) {
    cli_progress *progress = user;
    if (!progress->page) return FV_OK;
    progress->begun = true;
    progress->first = run->epoch;
    progress->report.epochs = run->epochs;
    FV_TRY(fv_dataset_fingerprint(run->train, FV_REPORT_PIXELS, &progress->report.train_fingerprint));
    progress->since = fv_seconds();
    return fv_report_with(progress->run, progress->page, &progress->report);
}

/* Validation and all else that an epoch takes is in the time that it took. */
static fv_status write_page(cli_progress *progress, const fv_epoch_report *report) {
    if (!progress->page) return FV_OK;
    double an_epoch = (fv_seconds() - progress->since) / (report->epoch - progress->first);
    progress->report.seconds_left = an_epoch * (report->epochs - report->epoch);
    return fv_report_with(progress->run, progress->page, &progress->report);
}

static fv_status on_epoch(void *user, const fv_epoch_report *report) {
    cli_progress *progress = user;
    cli_progress_end(progress);
    say_epoch(report);
    if (report->best) progress->best = report->val_best, progress->best_epoch = report->epoch;
    progress->last = *report;
    return write_page(progress, report);
}

static fv_status on_frozen(void *user, const char *how) {
    (void)user;
    cli_say("frozen      %s", how);
    return FV_OK;
}

static fv_status on_bad_file(void *user, const fv_bad_file *file) {
    cli_progress_end(user);
    cli_say_bad_file(file);
    return FV_OK;
}

fv_callback cli_progress_callback(cli_progress *progress) {
    return (fv_callback){.user = progress,
                         .on_train_begin = on_train_begin,
                         .on_step = on_step,
                         .on_epoch = on_epoch,
                         .on_frozen = on_frozen,
                         .on_bad_file = on_bad_file};
}
