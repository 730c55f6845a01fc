// SPDX-License-Identifier: MIT
// systemd.h - what reeld says to systemd, and hears from it. Part of the main.
//
// Built without libsystemd (or run without systemd) all of it does nothing.
#pragma once

#include <stdint.h>

// The socket that was handed over (reeld.socket), or -1. Asked once.
int systemd_listen_fd(void);
void systemd_notify(const char *state); // "READY=1"
// Between two beats at the most, 0: no watchdog.
int64_t systemd_watchdog_us(void);
// Tells the watchdog that we live, if our own /healthz answers.
void systemd_beat(int port);
