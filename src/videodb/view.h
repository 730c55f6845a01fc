// SPDX-License-Identifier: MIT
// view.h - assets and streams as VideoDB's clients know them.
//
// Clients choose a class by the prefix of the id, so here that is the kind:
// "a-" of a film with pictures is its sound.
//
// Threads: any.
#pragma once

#include "reeld/api/json_out.h"
#include "reeld/model/asset.h"

#include "room.h"

enum { VIEW_URL_BYTES = 512 };

enum asset_kind view_kind(const struct id *id);

// The asset of that id if it is of the kind and not rejected. ERR_NOT_FOUND
// with a sentence for the client, ERR_IO.
must_check enum err view_find(struct videodb *v, struct str id,
                              enum asset_kind kind, const struct asset **ret);
// The same, and it is ready to play; ERR_CONFLICT while it is not.
must_check enum err view_find_ready(struct videodb *v, struct str id,
                                    enum asset_kind kind,
                                    const struct asset **ret);

must_check enum err view_find_collection(struct videodb *v, struct str id,
                                         struct collection *ret);

// Members of a video, an audio or an image.
void view_write(struct videodb *v, const struct asset *asset,
                const char *origin, struct json_out *j);
// "stream_url" and "player_url" of an asset or a stream.
void view_write_urls(struct videodb *v, const struct id *id, int64_t epoch,
                     const char *origin, struct json_out *j);
// "thumbnail_url", and the same under the name that Node reads.
void view_write_thumbnail(struct videodb *v, const struct asset *asset,
                          const char *origin, struct json_out *j);
// The bytes of an image as they were uploaded, where browsers show them.
void view_write_image_url(struct videodb *v, const struct asset *image,
                          const char *origin, struct json_out *j,
                          const char *name);
