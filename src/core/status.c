#include "core/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_BYTES = 1024 };

static _Thread_local char message[MESSAGE_BYTES];
static _Thread_local fv_status last;
static _Thread_local unsigned long failures;

static void one_line(char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f) *text = '?';
}

fv_status fv_fail(fv_status code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    one_line(message);
    failures++;
    return last = code;
}

fv_status fv_fail_in(fv_status code, const char *format, ...) {
    char context[MESSAGE_BYTES / 2], cause[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    memcpy(cause, message, sizeof cause);
    return fv_fail(code, "%s: %.*s", context, MESSAGE_BYTES / 2, cause);
}

fv_status fv_last_status(void) { return last; }
unsigned long fv_failures(void) { return failures; }

const char *fv_error(void) { return message; }
