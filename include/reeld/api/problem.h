// SPDX-License-Identifier: MIT
// problem.h - every kind of error that a client can meet.
//
// Threads: any; the table never changes.
#pragma once

#include <stddef.h>

#include "reeld/base/err.h"

// A kind of error with its page at /problems/{code}.
struct problem {
    const char *code; // stable: programs act on it
    int status;
    const char *title;
    const char *text; // for the page: what it means, what to do
};
const struct problem *problem_find(const char *code); // never NULL
const struct problem *problem_of_status(int status);  // never NULL
const struct problem *problem_at(size_t number);      // NULL behind the last
// What a failure below is to a client; "internal" where it is not the client's
// to know.
const struct problem *problem_of_err(enum err e); // never NULL
