// SPDX-License-Identifier: MIT
// clock.h - what time it is. All times are int64_t microseconds.
//
// Threads: any.
#pragma once

#include <stdint.h>
#include <sys/types.h>

enum { CLOCK_TEXT_BYTES = 32 };

int64_t clock_now_us(void);  // CLOCK_BOOTTIME: for deadlines, never goes back
int64_t clock_wall_us(void); // since 1970, UTC: for people and files
void clock_sleep_us(int64_t us); // a signal may end it early
int64_t clock_thread_cpu_us(void);
// What all threads of a process have used; -1 when there is no such process.
int64_t clock_process_cpu_us(pid_t pid);

// RFC 3339 in UTC with seconds: "2026-11-21T19:03:11Z".
void clock_format(int64_t wall_us, char text[static CLOCK_TEXT_BYTES]);
// RFC 9110 IMF-fixdate for HTTP headers.
void clock_format_http(int64_t wall_us, char text[static CLOCK_TEXT_BYTES]);
