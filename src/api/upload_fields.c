// SPDX-License-Identifier: MIT
// upload_fields.c - names, metadata and headers that come with an upload.
#include "upload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "reeld/api/forms.h"
#include "reeld/base/mem.h"

#include "callback.h"

// In the order of enum upload_field.
static const struct {
    const char *name;
    enum text_form form;
    size_t most_bytes;
} fields[UPLOAD_FIELDS] = {
    {"name",            TEXT_LINE,  ASSET_NAME_BYTES - 1       },
    {"description",     TEXT_LINES, ASSET_DESCRIPTION_BYTES - 1},
    {"collection",      TEXT_LINE,  ID_TEXT_BYTES - 1          },
    {"metadata",        TEXT_LINES, ASSET_METADATA_BYTES - 1   },
    {"callback_url",    TEXT_LINE,  WEBHOOK_URL_BYTES - 1      },
    {"callback_secret", TEXT_LINE,  CALLBACK_SECRET_MOST       },
};

static enum err refuse_field(struct upload *u, const char *name,
                             const char *fault)
{
    struct faults faults = {0};
    faults_add(&faults, str_of(name), "%s", fault);
    reply_faults(&u->reply, &faults);
    u->is_refused = true;
    return fail(ERR_BAD_INPUT, "%s %s", name, fault);
}

// Kept as compact JSON, so that it may stand in an answer as it is.
static enum err set_metadata(struct upload *u, struct str value)
{
    json_t *object = NULL;
    if (object_parse(value, &object) != OK)
        return refuse_field(u, "metadata", "must be a JSON object");
    enum err e = object_text(object, ASSET_METADATA_BYTES - 1,
                             &u->field[UPLOAD_METADATA]);
    json_decref(object);
    return e == OK ? OK : refuse_field(u, "metadata", "is too long");
}

static enum err check_collection(struct upload *u, const char *id)
{
    struct collection found;
    enum err e = catalog_collection(u->api->catalog, id, &found);
    if (e == OK)
        return OK;
    if (e == ERR_NOT_FOUND)
        return refuse_field(u, "collection", "there is no such collection");
    reply_error(&u->reply, e);
    u->is_refused = true;
    return e;
}

enum err upload_check_quota(struct upload *u, int64_t need_bytes)
{
    const char *id = u->field[UPLOAD_COLLECTION];
    struct collection_room room;
    enum err e = catalog_room(u->api->catalog, id ? id : "default", &room);
    if (e == OK && (room.assets < 1 || room.bytes < max_i64(need_bytes, 1)))
        return upload_refuse(u, "quota_exceeded",
                             "The quota has room for %" PRId64
                             " bytes in %" PRId64 " assets.",
                             max_i64(room.bytes, 0), max_i64(room.assets, 0));
    if (e != OK)
        return upload_refuse_failure(u, e);
    u->room_bytes = room.bytes;
    return OK;
}

static int find_field(struct str name)
{
    for (int i = 0; i < UPLOAD_FIELDS; i++)
        if (str_eq(name, str_of(fields[i].name)))
            return i;
    return -1;
}

// Forms end their lines with CR LF, whatever was typed.
static void drop_returns(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (from[0] != '\r' || from[1] != '\n')
            *to++ = *from;
    *to = '\0';
}

static enum err check_meaning(struct upload *u, int field, struct str value)
{
    struct digest secret;
    enum err e = OK;
    if (field == UPLOAD_COLLECTION)
        return check_collection(u, u->field[field]);
    if (field == UPLOAD_CALLBACK_URL)
        e = courier_check_url(u->api->courier, value);
    else if (field == UPLOAD_CALLBACK_SECRET)
        e = callback_secret_parse(value, &secret);
    explicit_bzero(&secret, sizeof(secret));
    return e == OK ? OK : refuse_field(u, fields[field].name, fail_text());
}

enum err upload_check_callback(struct upload *u)
{
    if (u->field[UPLOAD_CALLBACK_SECRET] && !u->field[UPLOAD_CALLBACK_URL])
        return refuse_field(u, "callback_secret", "goes with callback_url");
    return OK;
}

enum err upload_set(struct upload *u, struct str name, struct str value)
{
    int i = find_field(name);
    if (i < 0)
        return upload_refuse(u, "invalid_request",
                             "There is no field \"%.*s\" in an upload.",
                             STR_ARG(name));
    if (u->field[i])
        return refuse_field(u, fields[i].name, "is given twice");
    const char *fault = text_fault(value, fields[i].form, fields[i].most_bytes);
    if (fault)
        return refuse_field(u, fields[i].name, fault);
    if (i == UPLOAD_METADATA)
        return set_metadata(u, value);
    u->field[i] = str_dup(value);
    drop_returns(u->field[i]);
    return check_meaning(u, i, value);
}

static bool set_from_query(void *context, struct str name, struct str value)
{
    struct upload *u = context;
    return upload_set(u, name, value) == OK;
}

// ASSET_VIDEO where the ending says nothing; a GIF may be a film as well.
enum asset_kind upload_kind_of_name(struct str filename)
{
    static const struct {
        const char *ending;
        enum asset_kind kind;
    } endings[] = {
        {".aac",  ASSET_AUDIO},
        {".aif",  ASSET_AUDIO},
        {".aiff", ASSET_AUDIO},
        {".flac", ASSET_AUDIO},
        {".m4a",  ASSET_AUDIO},
        {".mka",  ASSET_AUDIO},
        {".mp3",  ASSET_AUDIO},
        {".oga",  ASSET_AUDIO},
        {".opus", ASSET_AUDIO},
        {".wav",  ASSET_AUDIO},
        {".weba", ASSET_AUDIO},
        {".bmp",  ASSET_IMAGE},
        {".jpeg", ASSET_IMAGE},
        {".jpg",  ASSET_IMAGE},
        {".png",  ASSET_IMAGE},
        {".tif",  ASSET_IMAGE},
        {".tiff", ASSET_IMAGE},
        {".webp", ASSET_IMAGE},
    };
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        size_t len = strlen(endings[i].ending);
        if (filename.len <= len)
            continue;
        struct str end = str_skip(filename, filename.len - len);
        if (str_eq_nocase(end, str_of(endings[i].ending)))
            return endings[i].kind;
    }
    return ASSET_VIDEO;
}

enum asset_kind upload_kind_of_type(struct str type)
{
    struct str kind = str_cut(&type, '/');
    if (str_eq_nocase(kind, STR("audio")))
        return ASSET_AUDIO;
    bool is_image =
        str_eq_nocase(kind, STR("image")) && !str_eq_nocase(type, STR("gif"));
    return is_image ? ASSET_IMAGE : ASSET_VIDEO;
}

// Browsers may send a whole path, with either slash.
enum err upload_set_filename(struct upload *u, struct str filename)
{
    struct str last = filename;
    for (size_t i = 0; i < filename.len; i++)
        if (filename.ptr[i] == '/' || filename.ptr[i] == '\\')
            last = str_skip(filename, i + 1);
    const char *fault = text_fault(last, TEXT_LINE, ASSET_FILENAME_BYTES - 1);
    if (fault)
        return refuse_field(u, "file", fault);
    u->filename = str_dup(last);
    const char *name = u->field[UPLOAD_NAME];
    enum asset_kind kind =
        upload_kind_of_name(last.len > 0 || !name ? last : str_of(name));
    if (kind != ASSET_VIDEO)
        u->kind = kind;
    return OK;
}

enum err content_digest_parse(struct str value, struct digest *ret)
{
    struct str rest = value;
    while (rest.ptr) {
        struct str member = str_trim(str_cut(&rest, ','));
        struct str coded = member;
        struct str name = str_cut(&coded, '=');
        if (!str_eq(name, STR("sha-256")))
            continue;
        if (coded.len < 2 || coded.ptr[0] != ':' ||
            coded.ptr[coded.len - 1] != ':')
            return fail(ERR_BAD_INPUT, "sha-256 is written :BASE64:");
        coded = (struct str){coded.ptr + 1, coded.len - 2};
        struct digest digest;
        size_t len = 0;
        TRY(base64_decode(coded, digest.bytes, sizeof(digest.bytes), &len));
        if (len != HASH_BYTES)
            return fail(ERR_BAD_INPUT, "sha-256 has 32 bytes");
        *ret = digest;
        return OK;
    }
    return fail(ERR_NOT_FOUND, "no sha-256 in it");
}

// Of the body as it is sent (RFC 9530): for multipart that is not the file, and
// the file is all that is hashed.
static enum err read_digest(struct http_request *r, struct upload *u)
{
    struct str value = http_request_header(r, "Content-Digest");
    if (value.len == 0)
        return OK;
    if (u->is_multipart)
        return upload_refuse(u, "invalid_request",
                             "Content-Digest goes with a raw body, not with "
                             "multipart/form-data.");
    enum err e = content_digest_parse(value, &u->wanted);
    if (e == ERR_BAD_INPUT)
        return upload_refuse(u, "invalid_request",
                             "Content-Digest is sha-256=:BASE64: here.");
    u->has_digest = e == OK;
    return OK;
}

static bool has_preference(struct str header, struct str wanted)
{
    while (header.ptr) {
        struct str one = str_cut(&header, ',');
        if (str_eq_nocase(str_trim(str_cut(&one, ';')), wanted))
            return true;
    }
    return false;
}

bool upload_wants_async(struct http_request *r)
{
    return has_preference(http_request_header(r, "Prefer"),
                          STR("respond-async"));
}

enum err upload_read_head(struct http_request *r, struct upload *u)
{
    struct str rest = http_request_header(r, "Content-Type");
    struct str type = str_trim(str_cut(&rest, ';'));
    u->is_multipart = str_eq_nocase(type, STR("multipart/form-data"));
    u->kind = upload_kind_of_type(type);
    u->is_async = upload_wants_async(r);
    http_request_each_query(r, set_from_query, u);
    if (u->is_refused)
        return ERR_BAD_INPUT;
    return read_digest(r, u);
}
