/* The cheap sink: an SMTP server that costs next to nothing, so that a sender's own limit shows.
 *
 *     sink PORT [DELAY_MS [LOG]]      PORT 0: any; the port is printed, then it serves until killed or stdin ends
 *
 * One thread and epoll. It takes PIPELINING, answers every group of commands DELAY_MS after it came, as a relay so far away
 * would, and writes the recipient of each message into LOG before that message is acknowledged: whoever is killed, LOG is the
 * truth about what was accepted. Loopback only. It checks nothing: tests/smtpd.py is the strict one.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 4096, IN = 1 << 18, OUT = 1 << 14, ANSWERS = 1 << 16 };

struct connection {
    int in_data;
    unsigned serial; /* a delayed answer must not go to whoever got the same descriptor afterwards */
    size_t used;     /* bytes of `in` that are not read yet */
    char in[IN];
    char recipient[512];
    char out[OUT];
    size_t ready;
};
struct answer { /* waits until it is due; all wait equally long, so the first in is the first out */
    double due;
    int fd;
    unsigned serial;
    size_t length;
    char *text;
};

static struct connection *connections[CONNECTIONS];
static struct answer answers[ANSWERS];
static size_t first_answer, last_answer;
static unsigned serials;
static double delay;
static int log_file = -1;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void put_all(int fd, const char *text, size_t length) {
    while (length) {
        ssize_t n = write(fd, text, length);
        if (n <= 0) return; /* whoever left gets no answer */
        text += n, length -= n;
    }
}

static void say(struct connection *c, const char *text) {
    size_t length = strlen(text);
    if (c->ready + length <= OUT) memcpy(c->out + c->ready, text, length), c->ready += length;
}

static void flush_answers(struct connection *c, int fd) {
    if (!c->ready) return;
    if (delay > 0) {
        struct answer *a = &answers[last_answer++ % ANSWERS];
        *a = (struct answer){now() + delay, fd, c->serial, c->ready, malloc(c->ready)};
        memcpy(a->text, c->out, c->ready);
    } else {
        put_all(fd, c->out, c->ready);
    }
    c->ready = 0;
}

static void hang_up(int fd) {
    close(fd);
    free(connections[fd]);
    connections[fd] = NULL;
}

static void accepted(struct connection *c) {
    if (log_file >= 0) put_all(log_file, c->recipient, strlen(c->recipient));
    say(c, "250 2.0.0 Ok: queued as 4WzXyZ1c2b3a\r\n");
}

static void command(struct connection *c, const char *line, size_t length) {
    if (!strncasecmp(line, "EHLO", 4)) {
        say(c, "250-sink.example\r\n250-PIPELINING\r\n250-SIZE\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n");
    } else if (!strncasecmp(line, "RCPT", 4)) {
        const char *start = memchr(line, '<', length), *end = memchr(line, '>', length);
        if (start && end > start && end - start < 500)
            snprintf(c->recipient, sizeof c->recipient, "%.*s\n", (int)(end - start - 1), start + 1);
        say(c, "250 2.1.5 Ok\r\n");
    } else if (!strncasecmp(line, "DATA", 4)) {
        c->in_data = 1;
        say(c, "354 End data with <CR><LF>.<CR><LF>\r\n");
    } else if (!strncasecmp(line, "QUIT", 4)) {
        say(c, "221 2.0.0 Bye\r\n"); /* the client closes: a delayed answer has to reach it */
    } else {
        say(c, "250 2.0.0 Ok\r\n");
    }
}

static void take(struct connection *c) {
    size_t at = 0;
    while (at < c->used) {
        const char *end = c->in_data ? memmem(c->in + at, c->used - at, "\r\n.\r\n", 5) : memchr(c->in + at, '\n', c->used - at);
        if (!end) break;
        size_t next = end - c->in + (c->in_data ? 5 : 1);
        if (c->in_data) {
            c->in_data = 0, accepted(c);
        } else {
            command(c, c->in + at, next - at);
            if (c->in_data && next - at > 1) next -= 2; /* its line end may be the first half of a lone dot's */
        }
        at = next;
    }
    if (c->in_data && c->used - at > 4) at = c->used - 4; /* content is not kept, but for what may begin the end */
    memmove(c->in, c->in + at, c->used - at);
    c->used -= at;
}

static void greet(int listener, int poll) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), on = 1;
    if (fd < 0) return;
    if (fd >= CONNECTIONS) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections[fd] = calloc(1, sizeof(struct connection));
    connections[fd]->serial = ++serials;
    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &(struct epoll_event){EPOLLIN, {.fd = fd}});
    say(connections[fd], "220 sink.example ESMTP\r\n");
    flush_answers(connections[fd], fd);
}

static void serve(int fd) {
    struct connection *c = connections[fd];
    ssize_t n = read(fd, c->in + c->used, IN - c->used);
    if (n <= 0) {
        hang_up(fd);
        return;
    }
    c->used += n;
    take(c);
    flush_answers(c, fd);
}

/* Send what is due; milliseconds until the next is, -1 for none. */
static int send_due(void) {
    for (; first_answer < last_answer; first_answer++) {
        struct answer *a = &answers[first_answer % ANSWERS];
        double left = a->due - now();
        if (left > 0) return (int)(left * 1000) + (left > 0.0002);
        struct connection *c = connections[a->fd];
        if (c && c->serial == a->serial) put_all(a->fd, a->text, a->length);
        free(a->text);
    }
    return -1;
}

int main(int count, char **words) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(count > 1 ? atoi(words[1]) : 0)};
    socklen_t size = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), poll = epoll_create1(EPOLL_CLOEXEC), on = 1;
    struct epoll_event found[64];

    delay = count > 2 ? atof(words[2]) / 1000 : 0;
    if (count > 3) log_file = open(words[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&here, size) || listen(listener, 512)) return perror("sink"), 1;
    getsockname(listener, (struct sockaddr *)&here, &size);
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &(struct epoll_event){EPOLLIN, {.fd = listener}});
    epoll_ctl(poll, EPOLL_CTL_ADD, 0, &(struct epoll_event){EPOLLIN, {.fd = 0}}); /* who started us is gone */
    for (;;) {
        int n = epoll_wait(poll, found, 64, send_due());
        for (int i = 0; i < n; i++) {
            int fd = found[i].data.fd;
            if (fd == 0) return 0;
            if (fd == listener)
                greet(listener, poll);
            else if (connections[fd])
                serve(fd);
        }
    }
}
