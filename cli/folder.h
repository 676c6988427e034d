/* SPDX-License-Identifier: ISC */
/* The directory that is served, and what may be opened in it. */
#ifndef CLI_FOLDER_H
#define CLI_FOLDER_H

#include <stdbool.h>
#include <sys/stat.h>

#include "text.h"

/*
 * Opens path, relative to the open directory root, for reading. It may never lead outside: a
 * symbolic link that does is refused. Returns the descriptor, or -1 with errno.
 */
int folder_open(int root, const char *path, struct stat *stat);
/* Adds an HTML page that lists the directory fd, which it closes. False: it cannot be read. */
bool folder_list(int fd, const char *shown_path, struct text *page);

#endif
