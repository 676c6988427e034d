/* SPDX-License-Identifier: ISC */
/* What a script claims of a connection, in the names that Linux has for it. */
#include "drill/claim.h"

#include <string.h>

enum { NAME_BYTES = 40, SSTHRESH_NONE = 0x7fffffff };
enum { CA_OPEN = 0, CA_RECOVERY = 3, CA_LOSS = 4 }; /* Linux's numbers */

/* Linux's numbers of states, from ours. */
static int64_t state_of(const struct ms_tcp_info *info)
{
    static const uint8_t numbers[MS_TCP_STATE_COUNT] = {
        [MS_TCP_ESTABLISHED] = 1, [MS_TCP_SYN_SENT] = 2,   [MS_TCP_SYN_RECEIVED] = 3,
        [MS_TCP_FIN_WAIT_1] = 4,  [MS_TCP_FIN_WAIT_2] = 5, [MS_TCP_TIME_WAIT] = 6,
        [MS_TCP_CLOSED] = 7,      [MS_TCP_CLOSE_WAIT] = 8, [MS_TCP_LAST_ACK] = 9,
        [MS_TCP_LISTEN] = 10,     [MS_TCP_CLOSING] = 11,
    };

    return numbers[info->state];
}

/* Linux counts segments where we count bytes. */
static int64_t segments(const struct ms_tcp_info *info, uint32_t bytes)
{
    return (bytes + info->send_mss_bytes - 1) / info->send_mss_bytes;
}

static int64_t ca_state_of(const struct ms_tcp_info *info)
{
    return info->backoffs > 0 ? CA_LOSS : info->is_in_recovery ? CA_RECOVERY : CA_OPEN;
}

static bool field(const struct ms_tcp_info *info, const char *name, int64_t *value)
{
    const struct {
        const char *name;
        int64_t value;
    } fields[] = {
        { "tcpi_state", state_of(info) },
        { "tcpi_ca_state", ca_state_of(info) },
        { "tcpi_backoff", info->backoffs },
        { "tcpi_options",
          info->has_timestamps | info->has_sack << 1 | info->has_window_scaling << 2 },
        { "tcpi_snd_wscale", info->send_scale },
        { "tcpi_rcv_wscale", info->recv_scale },
        { "tcpi_rto", info->rto_us },
        { "tcpi_snd_mss", info->send_mss_bytes },
        { "tcpi_pmtu", info->path_mtu_bytes },
        { "tcpi_unacked", segments(info, info->send_next - info->send_unacked) },
        { "tcpi_sacked", segments(info, info->sacked_bytes) },
        { "tcpi_lost", segments(info, info->lost_bytes) },
        { "tcpi_rtt", info->srtt_us },
        { "tcpi_rttvar", info->rttvar_us },
        { "tcpi_snd_cwnd", info->cwnd_bytes / info->send_mss_bytes },
        { "tcpi_snd_ssthresh", info->ssthresh_bytes > SSTHRESH_NONE
                                   ? SSTHRESH_NONE
                                   : info->ssthresh_bytes / info->send_mss_bytes },
        { "tcpi_total_retrans", info->retransmitted_segments },
        { "tcpi_bytes_acked", (int64_t)info->bytes_acked },
        { "tcpi_bytes_received", (int64_t)info->bytes_received },
        { "tcpi_segs_out", info->segments_sent },
        { "tcpi_segs_in", info->segments_received },
        { "TCP_CA_Open", CA_OPEN },
        { "TCP_CA_Recovery", CA_RECOVERY },
        { "TCP_CA_Loss", CA_LOSS },
    };

    for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (strcmp(fields[i].name, name) == 0) {
            *value = fields[i].value;
            return true;
        }
    }
    return false;
}

static bool operand(struct scan *scan, const struct ms_tcp_info *info, int64_t *value,
                    struct fault *fault)
{
    char name[NAME_BYTES];
    uint64_t number;

    if (scan_number(scan, INT64_MAX, &number)) {
        *value = (int64_t)number;
        return true;
    }
    if (!scan_name(scan, name, sizeof(name)))
        return fault_is(fault, "here should be a number or a field: \"%.40s\"", scan->at);
    return field(info, name, value) || fault_is(fault, "the field \"%s\" is not supported", name);
}

/* Longer ones first. */
static const char *const operators[] = { "==", "!=", "<=", ">=", "<", ">" };

enum { OPERATOR_COUNT = sizeof(operators) / sizeof(operators[0]) };

static bool compare(unsigned operation, int64_t a, int64_t b)
{
    switch (operation) {
    case 0: return a == b;
    case 1: return a != b;
    case 2: return a <= b;
    case 3: return a >= b;
    case 4: return a < b;
    default: return a > b;
    }
}

static bool comparison(struct scan *scan, const struct ms_tcp_info *info, struct fault *fault)
{
    const char *from;
    int64_t left, right;
    unsigned i = 0;

    (void)scan_end(scan); /* spaces */
    from = scan->at;
    if (!operand(scan, info, &left, fault))
        return false;
    while (i < OPERATOR_COUNT && !scan_word(scan, operators[i]))
        i++;
    if (i == OPERATOR_COUNT)
        return fault_is(fault, "here should be ==, !=, <, <=, > or >=: \"%.40s\"", scan->at);
    if (!operand(scan, info, &right, fault))
        return false;
    return compare(i, left, right) ||
           fault_is(fault, "%.*s: on the left is %lld, on the right %lld", (int)(scan->at - from),
                    from, (long long)left, (long long)right);
}

/* Not to the next line: a statement ends with its own. */
static void skip_blanks(struct scan *scan) { scan->at += strspn(scan->at, " \t"); }

static bool goes_on(struct scan *scan)
{
    skip_blanks(scan);
    if (strncmp(scan->at, "and ", 4) != 0)
        return false;
    scan->at += 4;
    return true;
}

/* "assert a == 1 and b < 2, a"; what follows the comma is what Python would print. */
static bool statement(struct scan *scan, const struct ms_tcp_info *info, struct fault *fault)
{
    if (!scan_word(scan, "assert "))
        return fault_is(fault, "only assertions are supported, not \"%.40s\"", scan->at);
    do {
        if (!comparison(scan, info, fault))
            return false;
    } while (goes_on(scan));
    if (*scan->at == ',')
        scan->at += strcspn(scan->at, ";\n}");
    if (*scan->at == ';' || *scan->at == '\n' || *scan->at == '}') {
        scan->at += *scan->at == ';';
        return true;
    }
    return fault_is(fault, "this is not supported: \"%.40s\"", scan->at);
}

bool claim_holds(const char *text, const struct ms_tcp *tcp, struct fault *fault)
{
    struct scan scan = { text };
    struct ms_tcp_info info;

    if (!tcp)
        return fault_is(fault, "there is no connection");
    ms_tcp_info(tcp, &info);
    if (!scan_word(&scan, "%{"))
        return fault_is(fault, "a claim begins with %%{");
    while (!scan_word(&scan, "}%")) {
        if (scan_end(&scan))
            return fault_is(fault, "%%{ is not closed by }%%");
        if (!statement(&scan, &info, fault))
            return false;
    }
    return true;
}
