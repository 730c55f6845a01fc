// SPDX-License-Identifier: MIT
// worker_media.c - a media room that only notes what it was asked for.
#include "worker_media.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reeld/base/fd.h"
#include "reeld/base/mem.h"
#include "reeld/base/str.h"
#include "reeld/media.h"

static struct noted noted;

struct media_source {
    int fd;
};

struct noted *media_noted(void)
{
    return &noted;
}

void media_init(void)
{
    noted.inits++;
}

void media_build(char text[static RECIPE_BUILD_BYTES])
{
    str_copy(text, RECIPE_BUILD_BYTES, STR("noted 1"));
}

struct media_source *media_source_new(int fd)
{
    struct media_source *s = NEW(struct media_source);
    s->fd = fd;
    noted.sources_open++;
    ssize_t len = pread(fd, noted.source, sizeof noted.source - 1, 0);
    noted.source[len < 0 ? 0 : len] = '\0';
    return s;
}

void media_source_free(struct media_source *s)
{
    if (!s)
        return;
    noted.sources_open--;
    fd_close(s->fd);
    free(s);
}

void media_probe(struct media_source *s, const struct wire_probe *ask,
                 int plan_fd, struct wire_probed *ret)
{
    (void)s;
    (void)ask;
    noted.probes++;
    ret->result = ERR_UNSUPPORTED;
    str_copy(ret->code, sizeof ret->code, STR("unsupported_media"));
    memcpy(ret->detail, noted.detail, sizeof noted.detail);
    ignore(fd_write_all(plan_fd, "plan", 4)); // the test looks for it
}

void media_make(struct media_source *s, const struct wire_make *ask,
                const int *output_fds, struct wire_made *ret)
{
    (void)s;
    noted.makes++;
    ret->outputs = ask->outputs;
    for (uint32_t i = 0; i < ask->outputs; i++) {
        ignore(fd_write_all(output_fds[i], "piece", 5)); // looked for, too
        ret->size_bytes[i] = 5;
    }
}

static int first_byte(int fd)
{
    char byte = 0;
    return fd >= 0 && pread(fd, &byte, 1, 0) == 1 ? byte : -1;
}

void media_make_ts(const struct wire_ts *ask, int video_init_fd,
                   int video_piece_fd, int audio_init_fd, int audio_piece_fd,
                   int output_fd, struct wire_made *ret)
{
    (void)ask;
    noted.ts++;
    int fds[] = {video_init_fd, video_piece_fd, audio_init_fd, audio_piece_fd,
                 output_fd};
    for (int i = 0; i < 5; i++)
        noted.ts_fds[i] = first_byte(fds[i]);
    ret->outputs = 1;
    ret->size_bytes[0] = 1;
}

void media_make_file(const struct wire_file *ask, int parts_fd, int list_fd,
                     int output_fd, struct wire_made *ret)
{
    (void)ask;
    noted.files++;
    int fds[] = {parts_fd, list_fd, output_fd};
    for (int i = 0; i < 3; i++)
        noted.file_fds[i] = first_byte(fds[i]);
    ret->outputs = 1;
    ret->size_bytes[0] = 1;
}
