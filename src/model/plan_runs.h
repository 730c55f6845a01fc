// SPDX-License-Identifier: MIT
// plan_runs.h - when each picture is shown, folded into runs.
#pragma once

#include <stddef.h>

#include "reeld/base/err.h"
#include "reeld/model/plan.h"

// Fills runs, run and gop_run of a plan whose borders are laid. ERR_TOO_LARGE
// past PLAN_RUNS_MAX.
must_check enum err plan_add_runs(struct plan *p,
                                  const struct plan_frame *frames,
                                  size_t count);
