/* SPDX-License-Identifier: ISC */
/* Plays a script against a stack, in virtual time. */
#ifndef CLI_DRILL_RUN_H
#define CLI_DRILL_RUN_H

#include "drill/script.h"
#include "pcap/pcap_file.h"

/* Where a script failed, and why. */
struct failure {
    const struct event *event; /* NULL: in none */
    struct fault fault;
    char expected[PACKET_TEXT_BYTES], got[PACKET_TEXT_BYTES]; /* empty: it was no packet */
};

/* writer: NULL, or where all packets go. */
bool run_script(const struct script *script, struct ms_pcap_writer *writer,
                struct failure *failure);

#endif
