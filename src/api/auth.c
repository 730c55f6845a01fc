// SPDX-License-Identifier: MIT
// auth.c - API keys: rk_{id}_{secret}, their scopes, the first one of all.
//
// Only the SHA-256 of a secret is kept. A key is looked up by its id, which is
// no secret (time tells whether it exists: `make bench BENCH=secrets`), and its
// secret is compared in constant time.
#include "room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "reeld/api/forms.h"
#include "reeld/base/clock.h"
#include "reeld/base/fd.h"
#include "reeld/base/log.h"

enum {
    KEY_TEXT_LEN = API_KEY_TEXT_BYTES - 1,
    KEY_SECRET_LEN = HASH_BASE64URL_BYTES - 1,
};
static const char key_prefix[] = "rk_";
enum { KEY_PREFIX_LEN = sizeof(key_prefix) - 1 };

static const struct {
    const char *name;
    enum api_scope scope;
} scope_names[] = {
    {"read",   SCOPE_READ  },
    {"ingest", SCOPE_INGEST},
    {"admin",  SCOPE_ADMIN },
};
enum { SCOPE_NAMES = sizeof(scope_names) / sizeof(scope_names[0]) };

enum err api_parse_scopes(struct str text, unsigned *ret)
{
    unsigned scopes = 0;
    struct str rest = text;
    while (rest.ptr) {
        struct str word = str_trim(str_cut(&rest, ','));
        unsigned scope = 0;
        for (size_t i = 0; i < SCOPE_NAMES; i++)
            if (str_eq(word, str_of(scope_names[i].name)))
                scope = scope_names[i].scope;
        if (scope == 0)
            return fail(ERR_BAD_INPUT, "a scope is one of read, ingest, admin");
        scopes |= scope;
    }
    if (scopes == 0)
        return fail(ERR_BAD_INPUT, "a key needs a scope");
    *ret = scopes;
    return OK;
}

enum err key_parse(struct str text, struct id *ret_id,
                   uint8_t ret_secret[static HASH_BYTES])
{
    if (text.len != KEY_TEXT_LEN || !str_starts(text, str_of(key_prefix)) ||
        text.ptr[KEY_PREFIX_LEN + ID_BODY_LEN] != '_')
        return fail(ERR_BAD_INPUT, "not the form of a key");
    char id[ID_TEXT_BYTES];
    snprintf(id, sizeof(id), "k-%.*s", ID_BODY_LEN, text.ptr + KEY_PREFIX_LEN);
    TRY(id_parse(str_of(id), ret_id));
    struct str secret = {text.ptr + text.len - KEY_SECRET_LEN, KEY_SECRET_LEN};
    size_t len = 0;
    TRY(base64url_decode(secret, ret_secret, HASH_BYTES, &len));
    return len == HASH_BYTES ? OK : fail(ERR_BAD_INPUT, "a short secret");
}

enum err api_add_key(struct catalog *c, unsigned scopes, const char *label,
                     struct api_key *ret, char text[static API_KEY_TEXT_BYTES])
{
    struct api_key key = {
        .id = id_new("k"), .scopes = scopes, .created_us = clock_wall_us()};
    struct str said = str_of(label);
    if (text_fault(said, TEXT_LINE, sizeof(key.label) - 1))
        return fail(ERR_BAD_INPUT,
                    "the label is not fit: at most %zu bytes, "
                    "no controls",
                    sizeof(key.label) - 1);
    str_copy(key.label, sizeof(key.label), said);
    uint8_t secret[HASH_BYTES];
    random_bytes(secret, sizeof(secret));
    key.secret = hash_of(secret, sizeof(secret));
    char spelled[HASH_BASE64URL_BYTES];
    base64url(secret, sizeof(secret), spelled);
    explicit_bzero(secret, sizeof(secret));
    TRY(catalog_add_key(c, &key));
    snprintf(text, API_KEY_TEXT_BYTES, "%s%.*s_%.*s", key_prefix, ID_BODY_LEN,
             key.id.text + 2, KEY_SECRET_LEN, spelled);
    explicit_bzero(spelled, sizeof(spelled));
    *ret = key;
    return OK;
}

// The file comes first: a key that nobody can read is worse than none. An old
// file is in the way only when somebody removed the keys, not the file.
static enum err write_key_file(const char *data_dir, const char *text)
{
    scoped(fd) int dir = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return fail_errno(ERR_IO, "open %s", data_dir);
    if (unlinkat(dir, "admin.key", 0) < 0 && errno != ENOENT)
        return fail_errno(ERR_IO, "remove the old %s/admin.key", data_dir);
    scoped(fd) int fd =
        openat(dir, "admin.key",
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail_errno(ERR_IO, "make %s/admin.key", data_dir);
    TRY(fd_write_all(fd, text, strlen(text)));
    TRY(fd_write_all(fd, "\n", 1));
    if (fsync(fd) < 0 || fsync(dir) < 0)
        return fail_errno(ERR_IO, "sync %s/admin.key", data_dir);
    return OK;
}

enum err auth_write_first_key(struct catalog *c, const char *data_dir)
{
    scoped(mem) struct api_key *keys = NULL;
    size_t count = 0;
    TRY(catalog_list_keys(c, &keys, &count));
    for (size_t i = 0; i < count; i++)
        if (keys[i].revoked_us == 0)
            return OK;
    struct api_key key;
    char text[API_KEY_TEXT_BYTES];
    TRY(api_add_key(c, SCOPE_ADMIN, "first key", &key, text));
    enum err e = write_key_file(data_dir, text);
    explicit_bzero(text, sizeof(text));
    if (e != OK) {
        char why[512];
        snprintf(why, sizeof(why), "%s", fail_text());
        // Nobody holds it; the next start makes another one.
        ignore(catalog_revoke_key(c, &key.id));
        return fail(e, "%s", why);
    }
    log_info("key.made id=%s file=%s/admin.key", key.id.text, data_dir);
    return OK;
}

// "" when the request names no key.
static struct str sent_key(const struct http_request *r)
{
    struct str said = http_request_header(r, "Authorization");
    if (said.len > 0) {
        struct str rest = said;
        struct str scheme = str_cut(&rest, ' ');
        return str_eq_nocase(scheme, STR("Bearer")) ? str_trim(rest) : said;
    }
    return http_request_header(r, "x-access-token");
}

// The same work for any secret, right or wrong.
static enum err find_live(struct catalog *c, struct str text,
                          struct api_key *ret)
{
    struct id id;
    uint8_t secret[HASH_BYTES];
    if (key_parse(text, &id, secret) != OK)
        return fail(ERR_NOT_FOUND, "not a key");
    struct digest sent = hash_of(secret, sizeof(secret));
    explicit_bzero(secret, sizeof(secret));
    struct api_key key = {0};
    enum err e = catalog_key(c, &id, &key);
    bool is_same = secret_eq(sent.bytes, key.secret.bytes, HASH_BYTES);
    if (e != OK)
        return e; // that of the machine is no wrong key
    if (!is_same || key.revoked_us != 0)
        return fail(ERR_NOT_FOUND, "not a live key");
    *ret = key;
    return OK;
}

// A live key is let in from an address that is in penalty: behind a proxy all
// clients have one, and a guesser learns nothing from it.
static void refuse_stranger(struct api *a, const struct http_request *r,
                            bool has_key, struct refusal *why)
{
    int64_t wait_us = 0;
    if (has_key && !limit_take(a->failures, http_request_peer(r),
                               clock_now_us(), &wait_us)) {
        refusal_set(why, "too_many_requests",
                    "Too many wrong keys from this address.");
        why->retry_after_s = (wait_us + 999999) / 1000000;
        return;
    }
    refusal_set(why, "unauthorized", "%s",
                has_key ? "This is not a live key."
                        : "Send a key as Authorization: Bearer KEY or "
                          "x-access-token.");
}

bool api_admit(struct api *a, const struct http_request *r, unsigned scopes,
               struct api_key *ret, struct refusal *why)
{
    struct str sent = sent_key(r);
    struct api_key key;
    enum err e = find_live(a->catalog, sent, &key);
    if (e == ERR_NOT_FOUND)
        refuse_stranger(a, r, sent.len > 0, why);
    else if (e != OK)
        refusal_of_err(why, e);
    if (e != OK)
        return false;
    int64_t wait_us = 0;
    if (a->requests && !limit_take(a->requests, str_of(key.id.text),
                                   clock_now_us(), &wait_us)) {
        refusal_set(why, "too_many_requests", "This key asks too often.");
        why->retry_after_s = (wait_us + 999999) / 1000000;
        return false;
    }
    if (!(key.scopes & (scopes | SCOPE_ADMIN))) {
        refusal_set(why, "forbidden",
                    "This key lacks the scope for this call.");
        return false;
    }
    *ret = key;
    return true;
}

bool auth_admit(struct http_request *r, unsigned scopes, struct api_key *ret)
{
    struct refusal why = {0};
    if (api_admit(api_of(r), r, scopes, ret, &why))
        return true;
    scoped(reply) struct reply p;
    reply_init(&p, api_origin(r));
    reply_refusal(&p, &why);
    reply_send(r, &p);
    return false;
}
