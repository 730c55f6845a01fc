// SPDX-License-Identifier: MIT
// err.c - keeps the sentence of a thread's last failure.
#include "reeld/base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FAIL_TEXT_BYTES = 512 };

static _Thread_local char last_text[FAIL_TEXT_BYTES];

// Written aside first: the arguments may hold the sentence that is replaced.
static void keep(const char *text)
{
    size_t len = strnlen(text, FAIL_TEXT_BYTES - 1);
    memcpy(last_text, text, len);
    last_text[len] = '\0';
}

enum err fail(enum err code, const char *format, ...)
{
    assert(code != OK);
    char text[FAIL_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    keep(text);
    return code;
}

enum err fail_errno(enum err code, const char *format, ...)
{
    assert(code != OK);
    int number = errno;
    char text[FAIL_TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (len >= 0 && len < FAIL_TEXT_BYTES) {
        char reason[128];
        snprintf(text + len, sizeof(text) - (size_t)len, ": %s",
                 strerror_r(number, reason, sizeof(reason)));
    }
    keep(text);
    errno = number;
    if (code == ERR_IO && (number == ENOSPC || number == EDQUOT))
        return ERR_NO_SPACE;
    return code;
}

const char *fail_text(void)
{
    return last_text;
}

const char *err_name(enum err code)
{
    switch (code) {
    case OK:
        return "ok";
    case ERR_BAD_INPUT:
        return "bad_input";
    case ERR_NOT_FOUND:
        return "not_found";
    case ERR_GONE:
        return "gone";
    case ERR_CONFLICT:
        return "conflict";
    case ERR_TOO_LARGE:
        return "too_large";
    case ERR_UNSUPPORTED:
        return "unsupported";
    case ERR_BUSY:
        return "busy";
    case ERR_NO_SPACE:
        return "no_space";
    case ERR_QUOTA:
        return "quota";
    case ERR_TIMEOUT:
        return "timeout";
    case ERR_IO:
        return "io";
    case ERRS:
        break;
    }
    return "unknown";
}
