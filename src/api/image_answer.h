// SPDX-License-Identifier: MIT
// image_answer.h - assets that are images: their files, what is below /p/.
//
// Threads: any; answers on the request's.
#pragma once

#include "play_answer.h"

// "jpeg" "png" ..., of an image that is READY.
const char *image_codec(const struct asset *asset);

// {id}/image, the file as it was uploaded, and {id}/thumbnail.jpg, .webp.
void image_answer(struct http_request *r, const struct play_wanted *w,
                  struct str rest);
