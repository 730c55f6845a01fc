// SPDX-License-Identifier: MIT
// loop.h - a thread that serves connections.
#pragma once

#include "server.h"

// The server's other parts are there. ERR_IO.
must_check enum err loop_start(struct loop *loop);
// It takes a turn, even if no event has come: a connection is to go on, or the
// server is stopping and no more are to be accepted. Any thread.
void loop_wake(struct loop *loop);
// Ends all its connections; does nothing to one that did not start.
void loop_stop(struct loop *loop);
