// SPDX-License-Identifier: MIT
// clock.c - what time it is, and how it is written.
#include "reeld/base/clock.h"

#include <stdlib.h>
#include <time.h>

static int64_t timespec_us(const struct timespec *t)
{
    return (int64_t)t->tv_sec * 1000000 + t->tv_nsec / 1000;
}

static int64_t read_us(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        abort(); // the clocks below exist on every kernel reeld runs on
    return timespec_us(&now);
}

int64_t clock_now_us(void)
{
    return read_us(CLOCK_BOOTTIME);
}

int64_t clock_wall_us(void)
{
    return read_us(CLOCK_REALTIME);
}

void clock_sleep_us(int64_t us)
{
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&t, NULL);
}

int64_t clock_thread_cpu_us(void)
{
    return read_us(CLOCK_THREAD_CPUTIME_ID);
}

int64_t clock_process_cpu_us(pid_t pid)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) != 0 ||
        clock_gettime(clock, &used) != 0)
        return -1;
    return timespec_us(&used);
}

// Seconds since 1970 as a date; the year 1970 when there is none.
static struct tm utc_of(int64_t wall_us)
{
    time_t seconds = wall_us / 1000000 - (wall_us % 1000000 < 0 ? 1 : 0);
    struct tm utc;
    if (!gmtime_r(&seconds, &utc))
        return (struct tm){.tm_year = 70, .tm_mday = 1, .tm_wday = 4};
    return utc;
}

void clock_format(int64_t wall_us, char text[static CLOCK_TEXT_BYTES])
{
    struct tm utc = utc_of(wall_us);
    if (strftime(text, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        text[0] = '\0';
}

// reeld never calls setlocale(), so the names of days and months are English.
void clock_format_http(int64_t wall_us, char text[static CLOCK_TEXT_BYTES])
{
    struct tm utc = utc_of(wall_us);
    if (strftime(text, CLOCK_TEXT_BYTES, "%a, %d %b %Y %H:%M:%S GMT", &utc) ==
        0)
        text[0] = '\0';
}
