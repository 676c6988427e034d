/* SPDX-License-Identifier: ISC */
/*
 * A file that is being downloaded. Its bytes go to NAME.part, and what tells its version to
 * NAME.part.version, so that a later call can go on where this one stopped. Once it is complete it
 * is renamed to NAME.
 */
#ifndef CLI_PART_FILE_H
#define CLI_PART_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VERSION_SIZE = 256 };

struct part_file {
    const char *name; /* "-": standard output */
    bool is_stream;   /* that, a device or a pipe: written as it is, and never resumed */
    char *part_name, *version_name;
    int fd;
    uint64_t len;               /* bytes there */
    char version[VERSION_SIZE]; /* an entity tag or a date (for If-Range); "": unknown */
};

/* Opens or creates the part. If its version is unknown it is begun anew. Returns 0 or an errno. */
int part_file_open(struct part_file *file, const char *name);
/* Begins anew, with another version. Returns 0 or an errno. */
int part_file_restart(struct part_file *file, const char *version);
int part_file_append(struct part_file *file, const char *bytes, size_t len);
/* All bytes are there: gives it its name. Returns 0 or an errno. */
int part_file_complete(struct part_file *file);
/* Keeps what can be resumed and removes the rest. */
void part_file_close(struct part_file *file);

#endif
