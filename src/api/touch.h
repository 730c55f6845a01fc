// SPDX-License-Identifier: MIT
// touch.h - which pieces were served lately, told to the catalog in batches.
//
// The catalog evicts what was used longest ago. A fact a request would cost
// more than the request; a batch now and then is enough for that.
//
// Threads: any; the pool writes.
#pragma once

#include "reeld/base/hash.h"
#include "reeld/base/pool.h"
#include "reeld/catalog.h"

struct touches;
struct touches *touches_new(struct catalog *c, struct pool *p);
void touches_free(struct touches *t); // behind the pool's last task
void touches_add(struct touches *t, const struct digest *key);
