// SPDX-License-Identifier: MIT
// daemon.h - the running daemon: what `reeld serve` does. Part of the main.
#pragma once

#include "reeld/base/err.h"
#include "reeld/config.h"

// What settings alone can show to be wrong: rungs, paths. ERR_BAD_INPUT.
must_check enum err daemon_check(const struct settings *s);

// Builds the house, serves until SIGTERM or SIGINT, drains, tears it down.
// Returns OK after a clean stop.
must_check enum err daemon_serve(const struct settings *s);
