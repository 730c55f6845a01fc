// SPDX-License-Identifier: MIT
// tus_answer.c - what a client of tus is told, in headers.
#include "tus.h"

#include <inttypes.h>
#include <stdio.h>

#include "reeld/base/clock.h"

static void number(struct http_request *r, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, value);
    http_header(r, name, text);
}

bool tus_check_version(struct http_request *r)
{
    if (str_eq(http_request_header(r, "Tus-Resumable"), STR("1.0.0")))
        return true;
    http_header(r, "Tus-Version", "1.0.0");
    refuse(r, "tus_version", "Send \"Tus-Resumable: 1.0.0\".");
    return false;
}

static void say_upload(struct http_request *r, const struct upload *u)
{
    const struct tus *t = u->tus;
    const struct catalog_upload *row = &t->row;
    // What a repeat of the creation asks, too.
    if (row->length_bytes >= 0)
        number(r, "Upload-Length", row->length_bytes);
    else
        http_header(r, "Upload-Defer-Length", "1");
    if (row->metadata && row->metadata[0])
        http_header(r, "Upload-Metadata", row->metadata);
    if (row->concat && row->concat[0])
        http_header(r, "Upload-Concat", row->concat);
}

static void say_asset(struct http_request *r, const struct upload *u)
{
    char url[REPLY_LOCATION_BYTES];
    snprintf(url, sizeof(url), "%.*s/v1/assets/%s", 250, u->reply.origin,
             u->tus->row.asset.text);
    http_header(r, "Content-Location", url);
    http_header(r, "Reeld-Asset", u->tus->row.asset.text);
}

void tus_answer(struct http_request *r, struct upload *u)
{
    const struct tus *t = u->tus;
    const struct catalog_upload *row = &t->row;
    tus_let_go(u);
    bool is_over = t->is_whole || row->state >= UPLOAD_FINISHED;
    number(r, "Upload-Offset", is_over ? row->length_bytes : t->offset_bytes);
    if (t->good_status == 200)
        say_upload(r, u);
    if (t->good_status == 201) {
        char url[REPLY_LOCATION_BYTES];
        snprintf(url, sizeof(url), "%.*s/v1/uploads/%s", 250, u->reply.origin,
                 row->id.text);
        http_header(r, "Location", url);
    }
    if (is_over) {
        say_asset(r, u);
    } else {
        char date[CLOCK_TEXT_BYTES];
        clock_format_http(row->expires_us, date);
        http_header(r, "Upload-Expires", date);
    }
    http_header(r, "Cache-Control", "no-store");
    http_reply(r, t->good_status, NULL, STR(""));
}

// To every answer below /v1/uploads, errors too.
void tus_finish(struct http_request *r, int status)
{
    struct str path = http_request_path(r);
    if (!str_eq(path, STR("/v1/uploads")) &&
        !str_starts(path, STR("/v1/uploads/")))
        return;
    http_header(r, "Tus-Resumable", "1.0.0");
    if (status != 204 || !str_eq(http_request_method(r), STR("OPTIONS")))
        return;
    http_header(r, "Tus-Version", "1.0.0");
    http_header(r, "Tus-Extension",
                "creation,creation-with-upload,creation-defer-length,checksum,"
                "termination,expiration,concatenation");
    http_header(r, "Tus-Checksum-Algorithm", "sha1,sha256");
    number(r, "Tus-Max-Size", api_of(r)->o.upload_limit_bytes);
}
