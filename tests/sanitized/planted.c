// SPDX-License-Identifier: MIT
// planted.c - stands for a daemon, and does at its end, or at once when the
// word is "race", what the sanitizer it is built with must report: its last
// word says which mistake. It has to end well all the same.
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Volatile, or the compiler sees through it.
static void read_past_the_end(void)
{
    char *volatile text = malloc(8);
    volatile int past = 8;
    printf("%d\n", text[past]);
    free(text);
}

static void read_what_was_freed(void)
{
    char *volatile text = calloc(8, 1);
    free(text);
    printf("%d\n", text[0]);
}

static char *volatile kept;
static void lose_memory(void)
{
    kept = malloc(8);
    kept = NULL;
}

static void add_past_the_most(void)
{
    volatile int most = INT_MAX;
    most = most + 1;
}

static int shared;
static void *count(void *unused)
{
    for (int i = 0; i < 100000; i++)
        shared++;
    return unused;
}

static void count_at_the_same_time(void)
{
    pthread_t other;
    if (pthread_create(&other, NULL, count, NULL) != 0)
        abort();
    count(NULL);
    pthread_join(other, NULL);
}

static const struct {
    const char *name;
    void (*make)(void);
} mistakes[] = {
    {"overflow", read_past_the_end     },
    {"freed",    read_what_was_freed   },
    {"leak",     lose_memory           },
    {"sum",      add_past_the_most     },
    {"race",     count_at_the_same_time},
};

int main(int count_of_words, char **words)
{
    const char *wanted = words[count_of_words - 1];
    // Blocked before anything can start a thread; a sanitizer's own leave it
    // be.
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, NULL);
    bool is_race = strcmp(wanted, "race") == 0;
    if (is_race)
        count_at_the_same_time();
    fprintf(stderr, "planted api.serving port=1\n");
    int signal;
    sigwait(&end, &signal);
    for (size_t i = 0; !is_race && i < sizeof(mistakes) / sizeof(*mistakes);
         i++)
        if (strcmp(mistakes[i].name, wanted) == 0)
            mistakes[i].make();
    return 0;
}
