// SPDX-License-Identifier: MIT
// worker.h - the loop of a reel-worker: requests in, answers out.
//
// Threads: the worker's main thread.
#pragma once

#include "reeld/base/err.h"
#include "reeld/sandbox.h"

// Says HELLO, then serves the requests that come over `sock` until the daemon
// closes it. The process is closed already (sandbox_enter()); `walls` says how
// far. ERR_BAD_INPUT when the daemon broke the rules, ERR_IO.
must_check enum err worker_serve(int sock, const struct sandbox_state *walls);
