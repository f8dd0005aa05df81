/* A small HTTP server on the loopback, for what a server can do to a client. */
#ifndef CLI_SERVER_H
#define CLI_SERVER_H

#include <stddef.h>

typedef enum server_manner {
    RANGES,      /* as it should be: 206 and the rest, where a range is asked for */
    NO_RANGES,   /* always the whole */
    WRONG_RANGE, /* 206, but from byte 0 on */
    NO_MORE,     /* 416 to every range */
    CUT_OFF,     /* the first half of what is asked for, and then the end */
    DAMAGED,     /* one bit is another */
    ENDLESS,     /* no length, and bytes as long as they are taken */
    MISSING,     /* 404 */
    MOVED,       /* to /moved, where it is as it should be */
    IN_A_CIRCLE, /* to itself */
} server_manner;

typedef struct server server;

/* Answers every GET with the bytes, which must outlive it, from any free port. */
server *server_start(const void *bytes, size_t count);
/* "http://127.0.0.1:PORT/" */
const char *server_address(const server *s);
/* From the next request on. */
void server_behave(server *s, server_manner manner);
/* Requests since the last call; *from: the first byte that the last one asked for. */
int server_requests(server *s, size_t *from);
void server_stop(server *s);

#endif
