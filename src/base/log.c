// SPDX-License-Identifier: MIT
// log.c - lines on stderr, each written by one call.
#include "reeld/base/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reeld/base/clock.h"

enum { LINE_BYTES = 4096, CONTEXT_BYTES = 96 };

static _Atomic enum log_level highest = LOG_INFO;
static _Thread_local char context[CONTEXT_BYTES];

static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool is_journal; // set once, before the first line

void log_set_level(enum log_level level)
{
    atomic_store(&highest, level);
}

enum log_level log_get_level(void)
{
    return atomic_load(&highest);
}

void log_set_context(const char *word)
{
    str_copy(context, sizeof(context), str_of(word));
}

// systemd.exec(5): JOURNAL_STREAM is "device:inode" of the journal's socket. It
// is inherited, so it counts only if stderr still is that socket.
static void look_for_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    if (!stream || fstat(STDERR_FILENO, &status) != 0)
        return;
    char expected[64];
    snprintf(expected, sizeof(expected), "%" PRIu64 ":%" PRIu64,
             (uint64_t)status.st_dev, (uint64_t)status.st_ino);
    is_journal = strcmp(stream, expected) == 0;
}

static int write_head(char *line, enum log_level level)
{
    static const struct {
        int syslog; // syslog(3)
        const char *name;
    } levels[] = {
        [LOG_ERROR] = {3, "error"},
        [LOG_WARN] = {4, "warn" },
        [LOG_INFO] = {6, "info" },
        [LOG_DEBUG] = {7, "debug"},
    };
    if (is_journal)
        return snprintf(line, LINE_BYTES, "<%d>", levels[level].syslog);
    char time[CLOCK_TEXT_BYTES];
    clock_format(clock_wall_us(), time);
    return snprintf(line, LINE_BYTES, "%s %s ", time, levels[level].name);
}

void log_line(enum log_level level, const char *format, ...)
{
    if (level > atomic_load(&highest))
        return;
    pthread_once(&once, look_for_journal);
    char line[LINE_BYTES];
    size_t head = (size_t)write_head(line, level);
    // Room for the context and the newline is kept back.
    size_t room = LINE_BYTES - CONTEXT_BYTES - 2 - head;
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(line + head, room, format, arguments);
    va_end(arguments);
    size_t text = wanted < 0              ? 0
                  : (size_t)wanted < room ? (size_t)wanted
                                          : room - 1;
    size_t len = head + text;
    if (context[0])
        len += (size_t)snprintf(line + len, LINE_BYTES - len, " %s", context);
    // A newline in outside text that was not quoted must not forge a line.
    for (size_t i = head; i < len; i++)
        if ((uint8_t)line[i] < 0x20 || line[i] == 0x7F)
            line[i] = '?';
    line[len++] = '\n';
    // Nobody could be told that the log cannot be written.
    ignore(write(STDERR_FILENO, line, len) < 0);
}

const char *log_quote(struct str s, char to[static LOG_QUOTED_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    size_t len = 0;
    to[len++] = '"';
    // Four bytes for one more character, then the quote and the NUL.
    for (size_t i = 0; i < s.len && len + 6 <= LOG_QUOTED_BYTES; i++) {
        uint8_t c = (uint8_t)s.ptr[i];
        if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\') {
            to[len++] = '\\';
            to[len++] = 'x';
            to[len++] = digits[c >> 4];
            to[len++] = digits[c & 15];
        } else {
            to[len++] = (char)c;
        }
    }
    to[len++] = '"';
    to[len] = '\0';
    return to;
}
