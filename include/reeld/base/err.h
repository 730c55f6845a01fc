// SPDX-License-Identifier: MIT
// err.h - how a function says that it failed, and why.
//
// Whoever finds the trouble calls fail() with a sentence; everyone above passes
// the code on with TRY(). The sentence is kept for the calling thread only.
//
// Threads: any; the sentence is thread-local.
#pragma once

#include <stdbool.h>

#define must_check __attribute__((warn_unused_result))
#define printf_like(text, first)                                               \
    __attribute__((__format__(__printf__, text, first)))

// What a caller can act on. Kept short: a new code needs a new action.
enum err {
    OK = 0,
    ERR_BAD_INPUT,   // the other side sent something malformed or out of range
    ERR_NOT_FOUND,   // no such thing
    ERR_GONE,        // it was dropped, and what is asked for needs it
    ERR_CONFLICT,    // it exists already, or is in another state
    ERR_TOO_LARGE,   // a named limit was passed
    ERR_UNSUPPORTED, // well formed, but nothing that reeld can handle
    ERR_BUSY,        // try again later
    ERR_NO_SPACE,    // the disk is full
    ERR_QUOTA,       // as much is kept as may be: something has to go first
    ERR_TIMEOUT,     // a deadline passed
    ERR_IO,          // the machine failed; details are for the log alone
    ERRS,            // how many codes there are
};

// Keeps the sentence for this thread and returns `code`, which is not OK.
// The sentence is cut at 511 bytes; a new one replaces it.
must_check enum err fail(enum err code, const char *format, ...)
    printf_like(2, 3);

// The same with ": " and strerror(errno) behind it. ENOSPC and EDQUOT turn
// ERR_IO into ERR_NO_SPACE, so that a full disk is told apart everywhere.
must_check enum err fail_errno(enum err code, const char *format, ...)
    printf_like(2, 3);

// The sentence of this thread's last failure. Valid until the next failure on
// this thread: read it right after the error return.
const char *fail_text(void);

// The stable lower-case name of a code, for logs: "bad_input".
const char *err_name(enum err code);

// Hands a failure on to the caller. The only macro that changes the flow.
#define TRY(call)                                                              \
    do {                                                                       \
        enum err try_result_ = (call);                                         \
        if (try_result_ != OK)                                                 \
            return try_result_;                                                \
    } while (0)

// A failure that is ignored on purpose; the reason stands beside the call.
#define ignore(call)                                                           \
    do {                                                                       \
        if (call) {                                                            \
        }                                                                      \
    } while (0)
