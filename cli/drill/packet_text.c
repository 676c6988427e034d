/* SPDX-License-Identifier: ISC */
/* Packets in a script's words: read, written, compared. */
#include <stdio.h>
#include <string.h>

#include "drill/packet.h"

static const struct {
    char letter;
    uint8_t flag;
} letters[] = {
    { 'S', FLAG_SYN }, { 'F', FLAG_FIN }, { 'R', FLAG_RST }, { 'P', FLAG_PSH },
    { 'U', FLAG_URG }, { 'E', FLAG_ECE }, { 'W', FLAG_CWR }, { '.', FLAG_ACK },
};

enum { LETTER_COUNT = sizeof(letters) / sizeof(letters[0]) };

/* ICMP errors by their names; `family` 4 or 6. */
static const struct {
    const char *type, *code;
    uint8_t family, type_number, code_number;
} messages[] = {
    { "unreachable", "net_unreachable", 4, 3, 0 },
    { "unreachable", "host_unreachable", 4, 3, 1 },
    { "unreachable", "protocol_unreachable", 4, 3, 2 },
    { "unreachable", "port_unreachable", 4, 3, 3 },
    { "unreachable", "frag_needed", 4, 3, 4 },
    { "unreachable", "source_route_failed", 4, 3, 5 },
    { "unreachable", "net_unknown", 4, 3, 6 },
    { "unreachable", "host_unknown", 4, 3, 7 },
    { "unreachable", "net_prohibited", 4, 3, 9 },
    { "unreachable", "host_prohibited", 4, 3, 10 },
    { "unreachable", "packet_filtered", 4, 3, 13 },
    { "source_quench", NULL, 4, 4, 0 },
    { "time_exceeded", NULL, 4, 11, 0 },
    { "parameter_problem", NULL, 4, 12, 0 },
    { "unreachable", "no_route", 6, 1, 0 },
    { "unreachable", "admin_prohibited", 6, 1, 1 },
    { "unreachable", "address_unreachable", 6, 1, 3 },
    { "unreachable", "port_unreachable", 6, 1, 4 },
    { "packet_too_big", NULL, 6, 2, 0 },
    { "time_exceeded", "exceeded_hop_limit", 6, 3, 0 },
};

enum { MESSAGE_COUNT = sizeof(messages) / sizeof(messages[0]) };

static bool parse_flags(struct packet *packet, struct scan *scan)
{
    uint8_t flags = 0;

    (void)scan_end(scan); /* spaces */
    for (;;) {
        unsigned i = 0;

        while (i < LETTER_COUNT && letters[i].letter != *scan->at)
            i++;
        if (i == LETTER_COUNT)
            break;
        flags |= letters[i].flag;
        scan->at++;
    }
    if (flags == 0 && !scan_word(scan, "-"))
        return false;
    packet->flags = flags;
    return true;
}

/* "1:1001(1000)" */
static bool parse_range(struct packet *packet, struct scan *scan, struct fault *fault)
{
    uint32_t end;

    if (!scan_number32(scan, &packet->seq) || !scan_word(scan, ":") || !scan_number32(scan, &end) ||
        !scan_word(scan, "(") || !scan_number32(scan, &packet->len) || !scan_word(scan, ")"))
        return fault_is(fault, "here should be sequence numbers, as in 1:1001(1000): \"%.40s\"",
                        scan->at);
    if (packet->seq + packet->len != end)
        return fault_is(fault, "from %u to %u there are %u bytes, not %u", packet->seq, end,
                        end - packet->seq, packet->len);
    if (packet->len > 65535 - 60)
        return fault_is(fault, "%u bytes are more than a packet has", packet->len);
    return true;
}

static bool parse_sack(struct packet_option *option, struct scan *scan, struct fault *fault)
{
    option->kind = OPTION_SACK;
    for (;;) {
        uint32_t *block = option->sack[option->sack_count];

        if (!scan_number32(scan, &block[0]))
            break;
        if (!scan_word(scan, ":") || !scan_number32(scan, &block[1]))
            return fault_is(fault, "a SACK block is two numbers, as in 1001:2001");
        if (++option->sack_count == PACKET_SACK_MAX)
            break;
    }
    return option->sack_count > 0 || fault_is(fault, "sack without blocks");
}

static bool parse_option(struct packet_option *option, struct scan *scan, struct fault *fault)
{
    char name[16];

    *option = (struct packet_option){ 0 };
    if (!scan_name(scan, name, sizeof(name)))
        return fault_is(fault, "here should be an option: \"%.40s\"", scan->at);
    if (strcmp(name, "sack") == 0)
        return parse_sack(option, scan, fault);
    if (strcmp(name, "nop") == 0) {
        option->kind = OPTION_NOP;
    } else if (strcmp(name, "eol") == 0) {
        option->kind = OPTION_END;
    } else if (strcmp(name, "sackOK") == 0) {
        option->kind = OPTION_SACK_OK;
    } else if (strcmp(name, "mss") == 0 || strcmp(name, "wscale") == 0) {
        option->kind = name[0] == 'm' ? OPTION_MSS : OPTION_WSCALE;
        if (!scan_number32(scan, &option->value))
            return fault_is(fault, "%s without a number", name);
    } else if (strcmp(name, "TS") == 0) {
        option->kind = OPTION_TIMESTAMP;
        if (!scan_word(scan, "val") || !scan_number32(scan, &option->value) ||
            !scan_word(scan, "ecr") || !scan_number32(scan, &option->echo))
            return fault_is(fault, "a timestamp is written TS val 100 ecr 200");
    } else {
        return fault_is(fault, "the option \"%s\" is not supported", name);
    }
    return true;
}

static bool parse_options(struct packet *packet, struct scan *scan, struct fault *fault)
{
    if (!scan_word(scan, "<"))
        return true;
    if (scan_word(scan, "...")) {
        packet->has_any_options = true;
        return scan_word(scan, ">") || fault_is(fault, "<... is not closed by >");
    }
    if (scan_word(scan, ">"))
        return true;
    do {
        if (packet->option_count == PACKET_OPTION_COUNT)
            return fault_is(fault, "more options than a header has room for");
        if (!parse_option(&packet->options[packet->option_count++], scan, fault))
            return false;
    } while (scan_word(scan, ","));
    return scan_word(scan, ">") || fault_is(fault, "here should be , or >: \"%.40s\"", scan->at);
}

/* ", mtu 1200" and "[1:1461(1460)]" */
static bool parse_icmp(struct packet *packet, struct scan *scan, bool is_ipv6, struct fault *fault)
{
    char type[32], code[32];
    unsigned i = 0;
    struct scan before;

    packet->kind = PACKET_ICMP;
    if (!scan_name(scan, type, sizeof(type)))
        return fault_is(fault, "icmp without a type");
    before = *scan;
    if (!scan_name(scan, code, sizeof(code)))
        code[0] = '\0';
    for (; i < MESSAGE_COUNT; i++) {
        if (messages[i].family != (is_ipv6 ? 6 : 4) || strcmp(messages[i].type, type) != 0)
            continue;
        if (!messages[i].code || strcmp(messages[i].code, code) == 0)
            break;
    }
    if (i == MESSAGE_COUNT)
        return fault_is(fault, "ICMP%s's \"%s %s\" is not supported", is_ipv6 ? "v6" : "", type,
                        code);
    if (!messages[i].code)
        *scan = before;
    packet->icmp_type = messages[i].type_number;
    packet->icmp_code = messages[i].code_number;
    if (scan_word(scan, "mtu") && !scan_number32(scan, &packet->icmp_word))
        return fault_is(fault, "mtu without a number");
    if (!scan_word(scan, "["))
        return fault_is(fault, "ICMP's message says about what it is, as in [1:1001(1000)]");
    if (!parse_range(packet, scan, fault))
        return false;
    return scan_word(scan, "]") || fault_is(fault, "[ is not closed by ]");
}

static bool parse_ecn(struct packet *packet, struct scan *scan, struct fault *fault)
{
    static const struct {
        const char *name;
        uint8_t bits;
    } names[] = { { "noecn", 0 }, { "ect1", 1 }, { "ect0", 2 }, { "ce", 3 } };
    char name[16];

    if (!scan_word(scan, "["))
        return true;
    if (!scan_name(scan, name, sizeof(name)))
        return fault_is(fault, "here should be noecn, ect0, ect1 or ce: \"%.40s\"", scan->at);
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].name, name) == 0) {
            packet->ecn = names[i].bits;
            packet->has_ecn = true;
            return scan_word(scan, "]") || fault_is(fault, "[%s is not closed by ]", name);
        }
    }
    return fault_is(fault, "\"[%s\" is not supported", name);
}

static bool parse_tcp(struct packet *packet, struct scan *scan, struct fault *fault)
{
    uint32_t number;

    if (!parse_flags(packet, scan))
        return fault_is(fault, "here should be flags, as in S. or P.: \"%.40s\"", scan->at);
    if (!parse_range(packet, scan, fault))
        return false;
    if (scan_word(scan, "ack") && !scan_number32(scan, &packet->ack))
        return fault_is(fault, "ack without a number");
    packet->has_window = scan_word(scan, "win");
    if (packet->has_window &&
        (!scan_number32(scan, &packet->window) || packet->window > UINT16_MAX))
        return fault_is(fault, "win without a number up to 65535");
    packet->has_urgent = scan_word(scan, "urg");
    if (packet->has_urgent) {
        if (!scan_number32(scan, &number) || number > UINT16_MAX)
            return fault_is(fault, "urg without a number up to 65535");
        packet->urgent = (uint16_t)number;
    }
    return parse_options(packet, scan, fault);
}

bool packet_parse(struct packet *packet, struct scan *scan, bool is_ipv6, struct fault *fault)
{
    *packet = (struct packet){ .kind = PACKET_TCP };
    if (scan_word(scan, ">"))
        packet->is_outbound = true;
    else if (!scan_word(scan, "<"))
        return fault_is(fault, "a packet begins with < or >");
    if (!parse_ecn(packet, scan, fault))
        return false;
    if (scan_word(scan, "icmp")) {
        if (packet->is_outbound)
            return fault_is(fault, "ICMP that the stack sends is not supported");
        if (!parse_icmp(packet, scan, is_ipv6, fault))
            return false;
    } else if (scan_word(scan, "udp")) {
        return fault_is(fault, "udp is not supported");
    } else if (!parse_tcp(packet, scan, fault)) {
        return false;
    }
    return scan_end(scan) || fault_is(fault, "what is this at the end: \"%.40s\"", scan->at);
}

/* Printing. */

struct sheet {
    char *at, *end;
};

__attribute__((format(printf, 2, 3))) static void put(struct sheet *sheet, const char *format, ...);

static void put(struct sheet *sheet, const char *format, ...)
{
    __builtin_va_list args;
    size_t room = (size_t)(sheet->end - sheet->at);
    int len;

    __builtin_va_start(args, format);
    len = vsnprintf(sheet->at, room, format, args);
    __builtin_va_end(args);
    if (len > 0)
        sheet->at += (size_t)len < room ? (size_t)len : room - 1;
}

static void put_option(struct sheet *sheet, const struct packet_option *option)
{
    switch (option->kind) {
    case OPTION_END: put(sheet, "eol"); break;
    case OPTION_NOP: put(sheet, "nop"); break;
    case OPTION_MSS: put(sheet, "mss %u", option->value); break;
    case OPTION_WSCALE: put(sheet, "wscale %u", option->value); break;
    case OPTION_SACK_OK: put(sheet, "sackOK"); break;
    case OPTION_TIMESTAMP: put(sheet, "TS val %u ecr %u", option->value, option->echo); break;
    case OPTION_SACK:
        put(sheet, "sack");
        for (unsigned i = 0; i < option->sack_count; i++)
            put(sheet, " %u:%u", option->sack[i][0], option->sack[i][1]);
        break;
    default: put(sheet, "option %u", option->kind);
    }
}

void packet_print(const struct packet *packet, char *text)
{
    struct sheet sheet = { text, text + PACKET_TEXT_BYTES };

    put(&sheet, "%s ", packet->is_outbound ? ">" : "<");
    if (packet->kind == PACKET_ICMP) {
        put(&sheet, "icmp type %u code %u", packet->icmp_type, packet->icmp_code);
        return;
    }
    for (unsigned i = 0; i < LETTER_COUNT; i++) {
        if (packet->flags & letters[i].flag)
            put(&sheet, "%c", letters[i].letter);
    }
    put(&sheet, "%s %u:%u(%u)", packet->flags ? "" : "-", packet->seq, packet->seq + packet->len,
        packet->len);
    if (packet->flags & FLAG_ACK)
        put(&sheet, " ack %u", packet->ack);
    if (packet->has_window)
        put(&sheet, " win %u", packet->window);
    if (packet->has_urgent)
        put(&sheet, " urg %u", packet->urgent);
    if (packet->has_any_options || packet->option_count > 0)
        put(&sheet, " <%s", packet->has_any_options ? "..." : "");
    for (unsigned i = 0; i < packet->option_count; i++) {
        put(&sheet, "%s", i > 0 ? "," : "");
        put_option(&sheet, &packet->options[i]);
    }
    if (packet->has_any_options || packet->option_count > 0)
        put(&sheet, ">");
}

/* Our timestamps are what they are: only what they echo is known beforehand. */
static bool is_same_option(const struct packet_option *a, const struct packet_option *b)
{
    if (a->kind != b->kind || a->sack_count != b->sack_count)
        return false;
    if (a->kind == OPTION_TIMESTAMP)
        return a->echo == b->echo;
    return a->value == b->value && memcmp(a->sack, b->sack, sizeof(a->sack)) == 0;
}

const char *packet_difference(const struct packet *is, const struct packet *should)
{
    if (is->flags != should->flags)
        return "the flags";
    if (is->seq != should->seq)
        return "the sequence number";
    if (is->len != should->len)
        return "the length";
    if ((should->flags & FLAG_ACK) && is->ack != should->ack)
        return "the acknowledgment number";
    if (should->has_window && is->window != should->window)
        return "the window";
    if (should->has_urgent && is->urgent != should->urgent)
        return "the urgent pointer";
    if (should->has_ecn && is->ecn != should->ecn)
        return "the ECN bits";
    if (should->has_any_options)
        return NULL;
    if (is->option_count != should->option_count)
        return "the options";
    for (unsigned i = 0; i < should->option_count; i++) {
        if (!is_same_option(&is->options[i], &should->options[i]))
            return "the options";
    }
    return NULL;
}
