// SPDX-License-Identifier: MIT
// fetch_canary.h - a server on loopback that answers by the path it is asked
// for, and counts who came.
#pragma once

#include <stdint.h>

struct canary;

// Listens on `address` ("127.0.0.2", "::1"), on any port when `port` is 0.
// NULL: that one is taken.
struct canary *canary_new(const char *address, int port);
void canary_free(struct canary *c);
int canary_port(const struct canary *c);
int canary_visits(struct canary *c); // connections so far
// The last request as it came, NUL terminated; valid until the next one.
const char *canary_request(struct canary *c);
// What is answered to everything from now on; the text is copied. NULL: 200 and
// "canary". The connection closes behind it.
void canary_answer(struct canary *c, const char *bytes);
// Nothing is answered: the connection stays open until the canary goes.
void canary_hang(struct canary *c);
// The usual answer again, and no visits.
void canary_reset(struct canary *c);
