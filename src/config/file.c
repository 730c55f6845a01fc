// SPDX-License-Identifier: MIT
// file.c - settings from a file, line by line through inih.
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "reeld/base/fd.h"
#include "reeld/base/log.h"
#include "reeld/base/mem.h"

enum {
    FILE_BYTES_MAX = 256 << 10,
    // inih's own buffer; what is longer it would take for two lines.
    LINE_BYTES_MAX = INI_MAX_LINE - 3,
};

struct reading {
    struct config *config;
    const char *path;
    struct str rest;
    int line;           // that inih works on now
    enum err result;    // of the first trouble
    int seen[SETTINGS]; // line of each setting that was there
};

static int refuse(struct reading *r, const char *why)
{
    r->result = fail(ERR_BAD_INPUT, "%s:%d: %s", r->path, r->line, why);
    return 0;
}

// Hands inih the next line, as fgets() would.
static char *next_line(char *to, int to_bytes, void *context)
{
    struct reading *r = context;
    if (r->result != OK || r->rest.len == 0)
        return NULL;
    r->line++;
    struct str line = str_cut(&r->rest, '\n');
    if (line.len > LINE_BYTES_MAX || line.len + 2 > (size_t)to_bytes) {
        refuse(r, "the line is too long");
        return NULL;
    }
    if (line.len > 0 && memchr(line.ptr, '\0', line.len)) {
        refuse(r, "a NUL in the line");
        return NULL;
    }
    str_copy(to, (size_t)to_bytes, line);
    to[line.len] = '\n';
    to[line.len + 1] = '\0';
    return to;
}

static int take_setting(void *context, const char *section, const char *name,
                        const char *value)
{
    struct reading *r = context;
    if (r->result != OK)
        return 0;
    if (section[0])
        return refuse(r, "settings stand alone, without a [section]");
    int index = setting_find(str_of(name));
    char text[LOG_QUOTED_BYTES + 64];
    if (index < 0) {
        char quoted[LOG_QUOTED_BYTES];
        snprintf(text, sizeof(text), "no such setting: %s",
                 log_quote(str_of(name), quoted));
        return refuse(r, text);
    }
    if (r->seen[index]) {
        snprintf(text, sizeof(text), "%s was set in line %d already", name,
                 r->seen[index]);
        return refuse(r, text);
    }
    r->seen[index] = r->line;
    if (config_put(r->config, index, str_of(value), FROM_FILE, r->line) != OK)
        return refuse(r, fail_text());
    return 1;
}

enum err config_read_text(struct config *c, const char *path, struct str text)
{
    free(c->path);
    c->path = mem_text(path);
    struct reading r = {.config = c, .path = path, .rest = text};
    int bad_line = ini_parse_stream(next_line, &r, take_setting, &r);
    if (r.result != OK)
        return r.result;
    if (bad_line != 0)
        return fail(ERR_BAD_INPUT, "%s:%d: not of the form name = value", path,
                    bad_line);
    return OK;
}

enum err config_read_file(struct config *c, const char *path)
{
    scoped(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail_errno(errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s", path);
    scoped(mem) uint8_t *bytes = NULL;
    size_t len = 0;
    enum err result = fd_read_file(fd, FILE_BYTES_MAX, &bytes, &len);
    if (result != OK)
        return fail(result, "%s: %s", path, fail_text());
    return config_read_text(c, path, (struct str){(char *)bytes, len});
}
