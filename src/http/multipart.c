// SPDX-License-Identifier: MIT
// multipart.c - multipart/form-data (RFC 7578), read as it streams in.
//
//   OUTSIDE --boundary--> AFTER --line end--> HEAD --empty line--> BODY
//                          | ^                                      |
//                       "--" |              boundary                |
//                          v +--------------------------------------+
//                        DONE
#include "reeld/http/multipart.h"

#include <stdlib.h>
#include <string.h>

#include "reeld/base/buf.h"
#include "reeld/base/mem.h"
#include "reeld/http/field.h"

enum { BOUNDARY_MAX = 70 }; // RFC 2046 section 5.1.1

enum state { OUTSIDE, AFTER, HEAD, BODY, DONE };

struct multipart {
    const struct multipart_calls *calls;
    void *context;
    enum state state;
    enum err failed; // sticky
    // CR LF "--" boundary. CR stands nowhere else in it, so that a match that
    // breaks off can start anew only at the byte that broke it.
    char delimiter[BOUNDARY_MAX + 5];
    size_t delimiter_len;
    size_t matched;  // bytes of the delimiter seen so far
    size_t borrowed; // of these, how many belong to a head and are no data
    size_t outside;  // bytes seen before the first part or behind the last
    char after[2];   // what followed the delimiter: "--" or CR LF
    size_t after_len;
    int parts;
    struct buf text; // the head, then the value of a field
    struct multipart_head head;
};

static bool is_boundary(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < ' ' || s.ptr[i] > '~')
            return false;
    return s.len > 0 && s.ptr[s.len - 1] != ' ';
}

enum err multipart_new(struct str content_type,
                       const struct multipart_calls *calls, void *context,
                       struct multipart **ret)
{
    char bytes[BOUNDARY_MAX];
    struct str boundary = {0};
    if (field_param(content_type, STR("boundary"), bytes, sizeof bytes,
                    &boundary) != OK ||
        !is_boundary(boundary))
        return fail(ERR_BAD_INPUT, "Content-Type has no usable boundary");
    struct multipart *m = NEW(struct multipart);
    m->calls = calls;
    m->context = context;
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary.ptr, boundary.len);
    m->delimiter_len = boundary.len + 4;
    // The first boundary may stand at the very beginning.
    m->matched = m->borrowed = 2;
    buf_init(&m->text, MULTIPART_HEAD_BYTES);
    *ret = m;
    return OK;
}

void multipart_free(struct multipart *m)
{
    if (!m)
        return;
    buf_done(&m->text);
    free(m);
}

// Bytes of a part's body, or of what stands outside all parts.
static enum err pass_on(struct multipart *m, const char *bytes, size_t len)
{
    if (len == 0)
        return OK;
    if (m->state == OUTSIDE) {
        m->outside += len;
        if (m->outside > MULTIPART_OUTSIDE_BYTES)
            return fail(ERR_BAD_INPUT, "no boundary where the first part "
                                       "should start");
        return OK;
    }
    if (m->head.is_file)
        return m->calls->data(m->context, bytes, len);
    buf_add(&m->text, bytes, len);
    if (buf_end(&m->text) != OK)
        return fail(ERR_TOO_LARGE, "the field '%.*s' is longer than %d bytes",
                    STR_ARG(m->head.name), MULTIPART_FIELD_BYTES);
    return OK;
}

static enum err end_part(struct multipart *m)
{
    if (m->state == OUTSIDE)
        return OK;
    if (m->head.is_file)
        return m->calls->end(m->context);
    return m->calls->field(m->context, m->head.name, buf_view(&m->text));
}

// Looks for the delimiter; stops behind it or at the end of the bytes. `start`
// is where bytes begin that were not passed on yet: as few calls as can be,
// since media is full of CRs.
static enum err read_body(struct multipart *m, const char **at, const char *end)
{
    const char *p = *at;
    const char *start = p;
    const char *mark = p;             // where the match under way began
    bool is_carried = m->matched > 0; // it began in earlier bytes
    while (p < end) {
        if (m->matched == 0) {
            mark = memchr(p, '\r', (size_t)(end - p));
            if (!mark) {
                p = end;
                break;
            }
            p = mark + 1;
            m->matched = 1;
        } else if (*p != m->delimiter[m->matched]) {
            if (is_carried) {
                TRY(pass_on(m, m->delimiter + m->borrowed,
                            m->matched - m->borrowed));
                start = p;
                is_carried = false;
            }
            m->borrowed = 0;
            m->matched = 0;
        } else if (p++, ++m->matched == m->delimiter_len) {
            if (!is_carried)
                TRY(pass_on(m, start, (size_t)(mark - start)));
            TRY(end_part(m));
            m->matched = m->borrowed = 0;
            m->state = AFTER;
            m->after_len = 0;
            *at = p;
            return OK;
        }
    }
    *at = p;
    if (is_carried)
        return OK;
    return pass_on(m, start, (size_t)((m->matched ? mark : p) - start));
}

// Behind a delimiter: "--" ends it all, a line end starts a part; blanks
// between are allowed (RFC 2046 section 5.1.1).
static enum err read_after(struct multipart *m, const char **at)
{
    char c = *(*at)++;
    if ((c == ' ' || c == '\t') && m->after_len == 0) {
        if (++m->outside > MULTIPART_OUTSIDE_BYTES)
            return fail(ERR_BAD_INPUT, "too many blanks behind a boundary");
        return OK;
    }
    m->after[m->after_len++] = c;
    if (m->after_len < 2)
        return OK;
    if (memcmp(m->after, "--", 2) == 0) {
        m->state = DONE;
        m->outside = 0;
        return OK;
    }
    if (memcmp(m->after, "\r\n", 2) != 0)
        return fail(ERR_BAD_INPUT, "text behind a boundary");
    if (++m->parts > MULTIPART_PARTS_MAX)
        return fail(ERR_BAD_INPUT, "more than %d parts", MULTIPART_PARTS_MAX);
    m->state = HEAD;
    buf_done(&m->text);
    buf_init(&m->text, MULTIPART_HEAD_BYTES);
    return OK;
}

static enum err begin_part(struct multipart *m)
{
    TRY(multipart_read_head(buf_view(&m->text), &m->head));
    buf_done(&m->text);
    buf_init(&m->text, MULTIPART_FIELD_BYTES);
    m->state = BODY;
    // The line end of the head may be that of a boundary: an empty part.
    m->matched = m->borrowed = 2;
    if (m->head.is_file)
        return m->calls->begin(m->context, m->head.name, m->head.filename);
    return OK;
}

static enum err read_head(struct multipart *m, const char **at, const char *end)
{
    while (*at < end) {
        buf_char(&m->text, *(*at)++);
        if (buf_end(&m->text) != OK)
            return fail(ERR_BAD_INPUT,
                        "the header of a part is longer than "
                        "%d bytes",
                        MULTIPART_HEAD_BYTES);
        struct str text = buf_view(&m->text);
        if (str_ends(text, STR("\r\n\r\n")) || str_eq(text, STR("\r\n")))
            return begin_part(m);
    }
    return OK;
}

static enum err read_some(struct multipart *m, const char **at, const char *end)
{
    switch (m->state) {
    case OUTSIDE:
    case BODY:
        return read_body(m, at, end);
    case AFTER:
        return read_after(m, at);
    case HEAD:
        return read_head(m, at, end);
    case DONE:
        m->outside += (size_t)(end - *at);
        *at = end;
        if (m->outside > MULTIPART_OUTSIDE_BYTES)
            return fail(ERR_BAD_INPUT, "bytes behind the last boundary");
        return OK;
    }
    return OK;
}

enum err multipart_add(struct multipart *m, const void *bytes, size_t len)
{
    const char *at = bytes;
    const char *end = at + len;
    while (m->failed == OK && at < end)
        m->failed = read_some(m, &at, end);
    return m->failed;
}

enum err multipart_end(struct multipart *m)
{
    if (m->failed == OK && m->state != DONE)
        m->failed = fail(ERR_BAD_INPUT, "the last boundary is missing");
    return m->failed;
}
