// SPDX-License-Identifier: MIT
// refusal.c - why a client does not get what it asks for.
#include "reeld/api/face.h"

#include <stdarg.h>
#include <stdio.h>

#include "reeld/api/problem.h"
#include "reeld/base/log.h"

void refusal_set(struct refusal *w, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(w->detail, sizeof(w->detail), format, arguments);
    va_end(arguments);
    w->code = problem_find(code)->code;
    w->retry_after_s = 0;
}

void refusal_of_text(struct refusal *w, enum err e, const char *text)
{
    const struct problem *kind = problem_of_err(e);
    bool is_ours = kind->status >= 500;
    if (kind->status == 500) {
        char quoted[LOG_QUOTED_BYTES];
        log_error("api.failed error=%s text=%s", err_name(e),
                  log_quote(str_of(text), quoted));
    }
    refusal_set(w, kind->code, "%s", is_ours || !text[0] ? kind->text : text);
}

void refusal_of_err(struct refusal *w, enum err e)
{
    // Copied: what comes next may fail and replace it.
    char text[REFUSAL_DETAIL_BYTES];
    snprintf(text, sizeof(text), "%s", fail_text());
    refusal_of_text(w, e, text);
}
