/* SPDX-License-Identifier: ISC */
/* Media types by the end of a file's name. */
#ifndef HTTP_MIME_H
#define HTTP_MIME_H

/* Never NULL: application/octet-stream if nothing better is known. */
const char *ms_http_mime_type(const char *name);

#endif
