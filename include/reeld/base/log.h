// SPDX-License-Identifier: MIT
// log.h - lines on stderr: event first, then key=value.
//
//     log_info("asset.ready id=%s tracks=%zu", ...)
//
// One line a call, written whole. Outside text goes through log_quote() first.
// Under systemd lines start with <N> so that the journal knows the level.
//
// Threads: any.
#pragma once

#include "reeld/base/err.h"
#include "reeld/base/str.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
// A word added to each line of this thread ("request=..."); NULL takes it away.
// Kept by copy, cut at 95 bytes.
void log_set_context(const char *word);

void log_line(enum log_level level, const char *format, ...) printf_like(2, 3);
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

enum { LOG_QUOTED_BYTES = 512 };
// "text" in double quotes, cut. Quotes, backslashes and all that is not visible
// ASCII are \xNN: what is outside may hold controls of terminals, and text that
// runs the other way.
const char *log_quote(struct str s, char to[static LOG_QUOTED_BYTES]);
