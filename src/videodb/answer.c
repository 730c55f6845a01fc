// SPDX-License-Identifier: MIT
// answer.c - answers in the form that VideoDB's clients read.
//
// Always an object, always with a boolean "success": Python takes an absent one
// for a failure, and anything but an object for a crash.
#include "reeld/videodb/answer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "reeld/api/problem.h"

#include "room.h"

void answer_init(struct answer *a, struct str origin)
{
    *a = (struct answer){.status = 200};
    buf_init(&a->body, ANSWER_BYTES_MAX);
    str_copy(a->origin, sizeof(a->origin), origin);
}

void answer_done(struct answer *a)
{
    buf_done(&a->body);
}

static struct json_out *begin(struct answer *a, int status, bool is_success)
{
    buf_done(&a->body);
    buf_init(&a->body, ANSWER_BYTES_MAX);
    a->status = status;
    a->open = 0;
    a->retry_after_s = 0;
    a->json = (struct json_out){.to = &a->body};
    json_open(&a->json, NULL, '{');
    json_bool(&a->json, "success", is_success);
    return &a->json;
}

static struct json_out *open_data(struct answer *a, char bracket)
{
    json_open(&a->json, "data", bracket);
    a->open = bracket;
    return &a->json;
}

struct json_out *answer_data(struct answer *a, char bracket)
{
    json_text(begin(a, 200, true), "message", "ok");
    return open_data(a, bracket);
}

void answer_ok(struct answer *a)
{
    answer_data(a, '{');
}

static void write_failure(struct answer *a, const char *code, const char *text)
{
    json_text(&a->json, "message", text);
    json_text(&a->json, "error_code", code);
}

void answer_refusal(struct answer *a, const struct refusal *why)
{
    begin(a, problem_find(why->code)->status, false);
    write_failure(a, why->code, why->detail);
    // Python sleeps for as long as this says, and then asks once more.
    a->retry_after_s = a->status == 503 ? 1 : why->retry_after_s;
}

__attribute__((format(printf, 2, 0))) static struct refusal why_of(
    const char *code, const char *format, va_list arguments)
{
    char detail[REFUSAL_DETAIL_BYTES];
    vsnprintf(detail, sizeof(detail), format, arguments);
    struct refusal why = {0};
    refusal_set(&why, code, "%s", detail);
    return why;
}

void answer_problem(struct answer *a, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct refusal why = why_of(code, format, arguments);
    va_end(arguments);
    answer_refusal(a, &why);
}

void answer_error(struct answer *a, enum err e)
{
    struct refusal why = {0};
    refusal_of_err(&why, e);
    answer_refusal(a, &why);
}

// The address is absolute: Python spins for 500 s over a relative one.
void answer_processing(struct answer *a, const char *path, int percentage)
{
    char url[ANSWER_ORIGIN_BYTES + 128];
    snprintf(url, sizeof(url), "%s/videodb/%s", a->origin, path);
    struct json_out *j = begin(a, 200, true);
    json_text(j, "status", "processing");
    json_text(j, "request_type", "sync");
    open_data(a, '{');
    json_text(j, "output_url", url);
    if (percentage >= 0)
        json_int(j, "percentage", percentage);
}

struct json_out *answer_work_done(struct answer *a, char bracket)
{
    json_text(begin(a, 200, true), "status", "done");
    return open_data(a, bracket);
}

// With status 200: what a poll says is in its body, and Node gives up on any
// other status.
void answer_work_failed(struct answer *a, const char *code, const char *text)
{
    json_text(begin(a, 200, false), "status", "failed");
    write_failure(a, code, text);
}

void answer_accepted(struct answer *a)
{
    struct json_out *j = begin(a, 200, true);
    json_text(j, "request_type", "async");
    json_text(j, "message", "accepted");
    open_data(a, '{');
}

static void close_all(struct answer *a)
{
    if (a->open)
        json_close(&a->json, a->open == '{' ? '}' : ']');
    json_close(&a->json, '}');
}

struct str answer_text(struct answer *a)
{
    close_all(a);
    if (buf_end(&a->body) != OK) {
        answer_problem(a, "internal", "The answer could not be put together.");
        close_all(a);
    }
    return buf_view(&a->body);
}

void answer_send(struct http_request *r, struct answer *a)
{
    struct str text = answer_text(a);
    http_header(r, "Cache-Control", "no-store");
    if (a->retry_after_s > 0) {
        char seconds[24];
        snprintf(seconds, sizeof(seconds), "%" PRId64, a->retry_after_s);
        http_header(r, "Retry-After", seconds);
    }
    http_reply(r, a->status, "application/json", text);
}

void answer_refuse_why(struct http_request *r, const struct refusal *why)
{
    scoped(answer) struct answer a;
    answer_init(&a, origin_of(r));
    answer_refusal(&a, why);
    answer_send(r, &a);
}

void answer_refuse(struct http_request *r, const char *code, const char *format,
                   ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct refusal why = why_of(code, format, arguments);
    va_end(arguments);
    answer_refuse_why(r, &why);
}
