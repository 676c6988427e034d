/* SPDX-License-Identifier: ISC */
/* The subcommands. Each gets its arguments with its full name ("mstack serve") as argv[0]. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

int command_serve(int argc, char **argv);
int command_fetch(int argc, char **argv);
int command_ping(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_drill(int argc, char **argv);
int command_xen(int argc, char **argv);

#endif
