/* SPDX-License-Identifier: ISC */
/* The parts of the program for dom0. Each is a main() of its own, without the word that chose it.
 */
#ifndef TESTS_XEN_TOOLS_H
#define TESTS_XEN_TOOLS_H

enum { BAD_USAGE = 2 };

/* traffic.c: what goes to a guest. */
int echo_datagrams(int argc, char **argv);
/* Since some moment. */
double seconds(void);
/* A socket connected to the host, which is an address of either family, or -1. */
int open_socket(const char *host, const char *port, int type);
int ask_many(int argc, char **argv);

/* echo.c: the same, in streams. */
int echo_streams(int argc, char **argv);

/* waiter.c: the first byte that a guest serves. */
int wait_for_server(int argc, char **argv);

/* stream.c: HOST PORT get|put BYTES, from or to what web.c is. Says how many kilobytes a second. */
int stream(int argc, char **argv);

/* link.c: what an interface does to it. */
int disturb(int argc, char **argv);
int set_feature(int argc, char **argv);
int watch(int argc, char **argv);

#endif
