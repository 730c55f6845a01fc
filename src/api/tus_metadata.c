// SPDX-License-Identifier: MIT
// tus_metadata.c - Upload-Metadata of a resumable upload: what the asset is to
// be called, and where it goes.
#include "tus.h"

#include "reeld/base/mem.h"

enum err tus_refuse_header(struct upload *u, const char *name)
{
    char why[256];
    str_copy(why, sizeof(why), str_of(fail_text()));
    return upload_refuse(u, "invalid_request", "%s: %s.", name, why);
}

struct metadata {
    struct upload *upload;
    bool is_stored;
};

static bool is_collection_gone(struct upload *u, struct str id)
{
    scoped(mem) char *text = str_dup(id);
    struct collection found;
    return catalog_collection(u->api->catalog, text, &found) == ERR_NOT_FOUND;
}

// Keys of other programs are kept for them and mean nothing here.
static enum err set_pair(void *context, struct str key, struct str value)
{
    static const char *const fields[] = {"name", "description", "collection",
                                         "metadata", "callback_url"};
    const struct metadata *m = context;
    struct upload *u = m->upload;
    if (str_eq(key, STR("filename")))
        return upload_set_filename(u, value);
    if (str_eq(key, STR("filetype"))) {
        if (upload_kind_of_type(value) != ASSET_VIDEO)
            u->kind = upload_kind_of_type(value);
        return OK;
    }
    if (m->is_stored && str_eq(key, STR("collection")) &&
        is_collection_gone(u, value))
        return OK;
    if (m->is_stored && str_eq(key, STR("callback_url")) &&
        courier_check_url(u->api->courier, value) != OK)
        return OK;
    // HEAD shows all of Upload-Metadata.
    if (!m->is_stored && str_eq(key, STR("callback_secret")))
        return upload_refuse(u, "invalid_request",
                             "Upload-Metadata: callback_secret would be shown "
                             "by HEAD; send it with POST /v1/assets.");
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (str_eq(key, str_of(fields[i])))
            return upload_set(u, key, value);
    return OK;
}

enum err tus_read_metadata(struct upload *u, struct str header, bool is_stored)
{
    struct metadata m = {u, is_stored};
    enum err e = tus_metadata_parse(header, set_pair, &m);
    u->tus->has_metadata = e == OK;
    return e == OK || u->is_refused ? e
                                    : tus_refuse_header(u, "Upload-Metadata");
}
