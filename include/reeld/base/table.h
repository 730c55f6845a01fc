// SPDX-License-Identifier: MIT
// table.h - uthash, whose memory does not fail either (mem.h).
//
// By itself it ends the program by exit(-1): without a word, and running what
// atexit() was given while other threads go on.
//
// Threads: a table belongs to whoever holds its lock.
#pragma once

#include <stdlib.h>

#include "reeld/base/mem.h"

#ifdef UTHASH_H
#error "uthash.h is included by table.h only"
#endif
#define uthash_malloc(bytes) mem_new(1, bytes)
#define uthash_fatal(why)    abort()
#include <uthash.h>
