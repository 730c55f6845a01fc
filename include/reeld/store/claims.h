// SPDX-License-Identifier: MIT
// claims.h - who works on which digest just now.
//
// The store renames and unlinks without asking the catalog. So whoever removes
// the blobs of a source owns its digest meanwhile, and whoever adds it shares
// it: an upload of the same bytes waits for a removal to end and the other way
// round, and no fact is left without its blob. The same goes for look-then-
// change on one asset (If-Match) and for one Idempotency-Key.
//
// Threads: any for claims_try() and claims_release(), the pool for those that
// wait.
#pragma once

#include <stdbool.h>

#include "reeld/base/hash.h"

struct claims;
struct claims *claims_new(void);
void claims_free(struct claims *c); // with nothing claimed any more

void claims_share(struct claims *c, const struct digest *what); // waits
void claims_own(struct claims *c, const struct digest *what);   // waits
bool claims_try(struct claims *c, const struct digest *what);   // owns, or not
void claims_release(struct claims *c, const struct digest *what);
