// SPDX-License-Identifier: MIT
// probe_field.h - pairs the fields of interlaced H.264 that lie in packets of
// their own, as transport streams have them.
#pragma once

#include "input.h"

struct field_watch; // of one stream
struct field_watch *field_watch_new(const AVCodecParameters *codec);
void field_watch_free(struct field_watch *w);

// True: the packet is the second field of the picture before it.
bool field_watch_is_second(struct field_watch *w, const AVPacket *packet);
