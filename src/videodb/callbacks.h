// SPDX-License-Identifier: MIT
// callbacks.h - clients that are called back when their work is over, instead
// of polling for it.
//
// What is owed are rows of the catalog, so a restart loses none; once the work
// is over the courier tells it like an event, as often as it takes.
//
// Threads: callbacks_owe() the pool; the others main.
#pragma once

#include "reeld/base/err.h"
#include "reeld/base/id.h"
#include "reeld/base/str.h"

#include "room.h"

struct callbacks;
// Starts the thread that looks for the end of work.
struct callbacks *callbacks_start(struct videodb *v);
void callbacks_stop(struct callbacks *c);
void callbacks_free(struct callbacks *c);

// Once the work of that name is over, its final answer goes to `url`. `origin`
// stands before URLs in it. ERR_BAD_INPUT: what is wrong with the URL,
// ERR_BUSY: too many are owed already, ERR_IO.
must_check enum err callbacks_owe(struct callbacks *c, const struct id *work,
                                  struct str url, const char *origin);
