// SPDX-License-Identifier: MIT
// pages.c - the web console, the player, their scripts: files of web_dir.
//
// A file is read when it is first asked for, or has changed, and kept with the
// other answers. Names are checked against a short alphabet and every step is
// opened without following links, so nothing above web_dir can be named.
#include "room.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "reeld/base/blob.h"
#include "reeld/base/fd.h"

enum {
    WEB_FILE_BYTES_MAX = 16 << 20,
    WEB_NAME_BYTES = 200,
    CSP_BYTES = 512,
};

static const struct {
    const char *ending, *type;
    bool is_text; // worth a gzip
} types[] = {
    {".html",  "text/html; charset=utf-8",       true },
    {".js",    "text/javascript; charset=utf-8", true },
    {".mjs",   "text/javascript; charset=utf-8", true },
    {".css",   "text/css; charset=utf-8",        true },
    {".svg",   "image/svg+xml",                  true },
    {".json",  "application/json",               true },
    {".txt",   "text/plain; charset=utf-8",      true },
    {".png",   "image/png",                      false},
    {".ico",   "image/x-icon",                   false},
    {".woff2", "font/woff2",                     false},
};
enum { TYPES = sizeof(types) / sizeof(types[0]) };

static int find_type(struct str name)
{
    for (int i = 0; i < TYPES; i++)
        if (str_ends(name, str_of(types[i].ending)))
            return i;
    return -1;
}

// Letters, digits, "-", "_" and ".", never at the beginning.
static bool is_plain(struct str part)
{
    for (size_t i = 0; i < part.len; i++) {
        char c = part.ptr[i];
        bool is_fit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                      (c == '.' && i > 0);
        if (!is_fit)
            return false;
    }
    return part.len > 0;
}

// ERR_NOT_FOUND, ERR_IO.
static enum err open_below(int dir, struct str name, int *ret_fd)
{
    scoped(fd) int at = fcntl(dir, F_DUPFD_CLOEXEC, 0);
    struct str rest = name;
    while (rest.ptr) {
        struct str part = str_cut(&rest, '/');
        if (at < 0 || !is_plain(part) || part.len >= WEB_NAME_BYTES)
            return fail(ERR_NOT_FOUND, "no such file");
        char text[WEB_NAME_BYTES];
        str_copy(text, sizeof(text), part);
        int kind = rest.ptr ? O_DIRECTORY : 0;
        int fd = openat(at, text,
                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | kind);
        if (fd < 0)
            return fail_errno(ERR_NOT_FOUND, "no such file");
        fd_close(at);
        at = fd;
    }
    *ret_fd = take_fd(&at);
    return OK;
}

static void write_csp(const struct api *a, bool is_player,
                      char to[static CSP_BYTES])
{
    // Our pages cannot be framed, save the player, which is made for it.
    snprintf(to, CSP_BYTES,
             "default-src 'none'; script-src 'self'; style-src 'self'; "
             "img-src 'self' blob:; media-src 'self' blob:; connect-src "
             "'self'; base-uri 'none'; form-action 'none'; frame-ancestors %s",
             is_player ? a->o.frame_ancestors : "'none'");
}

struct file {
    const char *type;
    bool is_player, is_gzip;
    char etag[64];
};

static struct http_answer *new_answer(const struct api *a, const struct file *f,
                                      struct blob *bytes)
{
    char csp[CSP_BYTES];
    write_csp(a, f->is_player, csp);
    const char *const headers[] = {"X-Content-Type-Options",
                                   "nosniff",
                                   "Content-Security-Policy",
                                   csp,
                                   "Referrer-Policy",
                                   "no-referrer",
                                   "Vary",
                                   "Accept-Encoding",
                                   NULL};
    struct http_answer_options o = {
        .status = 200,
        .type = f->type,
        .etag = f->etag,
        .cache_control = "no-cache",
        .encoding = f->is_gzip ? "gzip" : NULL,
        .headers = headers,
    };
    return http_answer_new(&o, bytes);
}

static enum err load(const struct api *a, struct file *f, int fd,
                     struct http_answer **ret)
{
    scoped(blob) struct blob *plain = NULL;
    TRY(blob_from_fd(fd, WEB_FILE_BYTES_MAX, &plain));
    struct digest digest = hash_of(plain->bytes, plain->len);
    char hex[HASH_HEX_BYTES];
    digest_hex(&digest, hex);
    snprintf(f->etag, sizeof(f->etag), "\"%.32s%s\"", hex,
             f->is_gzip ? "-gz" : "");
    struct str view = {(const char *)plain->bytes, plain->len};
    scoped(blob) struct blob *zipped = f->is_gzip ? http_gzip(view) : NULL;
    *ret = new_answer(a, f, zipped ? zipped : plain);
    return OK;
}

static enum err find(struct api *a, struct str name, bool accepts_gzip,
                     struct http_answer **ret)
{
    scoped(fd) int fd = -1;
    int type = find_type(name);
    if (a->web_fd < 0 || type < 0)
        return fail(ERR_NOT_FOUND, "no such file");
    TRY(open_below(a->web_fd, name, &fd));
    struct stat about;
    if (fstat(fd, &about) < 0 || !S_ISREG(about.st_mode))
        return fail(ERR_NOT_FOUND, "not a file");
    struct file f = {
        .type = types[type].type,
        .is_player = str_eq(name, STR("player.html")),
        .is_gzip = accepts_gzip && types[type].is_text,
    };
    char text[WEB_NAME_BYTES + 96];
    int len =
        snprintf(text, sizeof(text), "w/%d/%" PRId64 ".%09ld/%" PRId64 "/%.*s",
                 f.is_gzip, (int64_t)about.st_mtim.tv_sec,
                 about.st_mtim.tv_nsec, (int64_t)about.st_size, STR_ARG(name));
    struct str key = {text, (size_t)len};
    if (key.len >= sizeof(text))
        return fail(ERR_NOT_FOUND, "no file has such a long name");
    *ret = http_cache_get(a->cache, key);
    if (*ret)
        return OK;
    TRY(load(a, &f, fd, ret));
    http_cache_put(a->cache, key, *ret);
    return OK;
}

static void answer(struct http_request *r, struct str name)
{
    scoped(http_answer) struct http_answer *found = NULL;
    enum err e = find(api_of(r), name, http_request_accepts_gzip(r), &found);
    if (e == OK)
        http_reply_answer(r, found);
    else if (e == ERR_NOT_FOUND)
        refuse(r, "not_found", "There is no such page.");
    else
        refuse_error(r, e);
}

void page_get(struct http_request *r)
{
    struct str path = http_request_path(r);
    struct str v = STR("");
    http_request_query(r, "v", &v);
    // "/watch?v=ID.GRANT" is for whoever has the address, "/watch?v=ID" for
    // who has a key.
    bool is_player = str_eq(path, STR("/player")) ||
                     str_eq(path, STR("/embed")) ||
                     (v.len > 0 && memchr(v.ptr, '.', v.len));
    // "/" and "/watch?v=ID": one page, which reads its own address.
    answer(r, is_player ? STR("player.html") : STR("index.html"));
}

void web_get(struct http_request *r)
{
    answer(r, http_request_part(r, "rest"));
}

// One page for each kind of problem: where its "type" leads.
void problem_get(struct http_request *r)
{
    struct str code = http_request_part(r, "code");
    const struct problem *p = NULL;
    for (size_t i = 0; (p = problem_at(i)); i++)
        if (str_eq(code, str_of(p->code)))
            break;
    if (!p) {
        refuse(r, "not_found", "There is no problem of that name.");
        return;
    }
    // Nothing from outside is in it: the table's own words.
    scoped(buf) struct buf text;
    buf_init(&text, 4096);
    buf_printf(&text,
               "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
               "<title>%s</title>\n<h1>%s</h1>\n<p>Status %d, code "
               "<code>%s</code></p>\n<p>%s</p>\n<p><a "
               "href=\"/web/operations.html\">For operators</a></p>\n",
               p->title, p->title, p->status, p->code, p->text);
    http_header(r, "Content-Security-Policy",
                "default-src 'none'; frame-ancestors 'none'");
    http_header(r, "Cache-Control", "public, max-age=3600");
    http_reply(r, 200, "text/html; charset=utf-8", buf_view(&text));
}
