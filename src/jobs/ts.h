// SPDX-License-Identifier: MIT
// ts.h - the parts of a TS piece: CMAF pieces that are made first.
//
// All on the crew thread. Each is harmless for flights that are no TS.
#pragma once

#include "flight.h"

// Wants all parts; the flight is queued once they are there.
void ts_gather(struct jobs *j, struct flight *f);
void ts_set_urgency(struct jobs *j, struct flight *f);
void ts_let_go(struct jobs *j, struct flight *f); // of parts and their flights
