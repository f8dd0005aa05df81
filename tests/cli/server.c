#include "cli/server.h"

#include "support/unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct server {
    const unsigned char *bytes;
    size_t count;
    int fd;
    char address[48];
    pthread_t thread;
    pthread_mutex_t lock; /* for what follows */
    server_manner manner;
    int requests;
    size_t from;
};

static bool give(int client, const void *bytes, size_t count) {
    for (const char *from = bytes; count;) {
        ssize_t sent = send(client, from, count, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        from += sent, count -= (size_t)sent;
    }
    return true;
}

static void say(int client, const char *text) { give(client, text, strlen(text)); }

/* The head of a request up to the blank line; false if the client says less. */
static bool hear(int client, char *head, size_t size) {
    for (size_t used = 0; used + 1 < size;) {
        ssize_t got = recv(client, head + used, size - 1 - used, 0);
        if (got <= 0) return false;
        used += (size_t)got;
        head[used] = '\0';
        if (strstr(head, "\r\n\r\n")) return true;
    }
    return false;
}

static void give_part(const server *s, int client, size_t from, bool partial, server_manner manner) {
    char head[256];
    size_t n = s->count - from;
    snprintf(head, sizeof head,
             "HTTP/1.1 %s\r\nContent-Range: bytes %zu-%zu/%zu\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
             partial ? "206 Partial Content" : "200 OK", from, s->count - 1, s->count, n);
    say(client, head);
    unsigned char *copy = malloc(n);
    memcpy(copy, s->bytes + from, n);
    if (manner == DAMAGED) copy[n / 2] ^= 1;
    give(client, copy, manner == CUT_OFF ? n / 2 : n);
    free(copy);
}

static void give_endlessly(int client) {
    static const char page[4096];
    say(client, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    while (give(client, page, sizeof page)) {}
}

static void answer(const server *s, int client, const char *head, server_manner manner, size_t from) {
    bool there = strncmp(head, "GET /moved", 10) == 0, ranged = from > 0 && from < s->count;
    if (manner == MISSING)
        say(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    else if (manner == NO_MORE && ranged)
        say(client, "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    else if (manner == IN_A_CIRCLE || (manner == MOVED && !there))
        say(client, "HTTP/1.1 302 Found\r\nLocation: /moved\r\nContent-Length: 5\r\nConnection: close\r\n\r\nmoved");
    else if (manner == ENDLESS)
        give_endlessly(client);
    else if (manner == NO_RANGES || !ranged)
        give_part(s, client, 0, false, manner);
    else
        give_part(s, client, manner == WRONG_RANGE ? 0 : from, true, manner);
}

static void serve(server *s, int client) {
    char head[4096];
    if (!hear(client, head, sizeof head)) return;
    const char *range = strcasestr(head, "\r\nrange: bytes=");
    pthread_mutex_lock(&s->lock);
    size_t from = s->from = range ? (size_t)strtoull(strchr(range, '=') + 1, NULL, 10) : 0;
    server_manner manner = s->manner;
    s->requests++;
    pthread_mutex_unlock(&s->lock);
    answer(s, client, head, manner, from);
}

/* Until its socket is shut down. */
static void *run(void *user) {
    server *s = user;
    for (int client; (client = accept(s->fd, NULL, NULL)) >= 0; close(client)) serve(s, client);
    return NULL;
}

server *server_start(const void *bytes, size_t count) {
    server *s = calloc(1, sizeof *s);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    s->bytes = bytes, s->count = count;
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (s->fd < 0 || bind(s->fd, (void *)&address, size) || listen(s->fd, 8) ||
        getsockname(s->fd, (void *)&address, &size))
        fail_msg("no socket on the loopback");
    snprintf(s->address, sizeof s->address, "http://127.0.0.1:%d/", ntohs(address.sin_port));
    pthread_mutex_init(&s->lock, NULL);
    if (pthread_create(&s->thread, NULL, run, s)) fail_msg("no thread");
    return s;
}

const char *server_address(const server *s) { return s->address; }

void server_behave(server *s, server_manner manner) {
    pthread_mutex_lock(&s->lock);
    s->manner = manner;
    pthread_mutex_unlock(&s->lock);
}

int server_requests(server *s, size_t *from) {
    pthread_mutex_lock(&s->lock);
    int n = s->requests;
    s->requests = 0;
    if (from) *from = s->from;
    pthread_mutex_unlock(&s->lock);
    return n;
}

void server_stop(server *s) {
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
