/* SPDX-License-Identifier: ISC */
/* Media types by the end of a file's name. */
#ifndef CLI_MIME_H
#define CLI_MIME_H

/* Never NULL: application/octet-stream if nothing better is known. */
const char *mime_type(const char *name);

#endif
