/* SPDX-License-Identifier: ISC */
/* Packets in a script's words and on the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drill/packet.h"

static bool parse(const char *text, bool is_ipv6, struct packet *packet, struct fault *fault)
{
    struct scan scan = { text };

    return packet_parse(packet, &scan, is_ipv6, fault);
}

static void writes_what_it_has_read(void **state)
{
    static const char *const lines[] = {
        "> S. 0:0(0) ack 1 <mss 1460,nop,nop,sackOK,nop,wscale 8>",
        "< . 1:1(0) ack 1 win 257 <nop,nop,sack 1001:2001 3001:4001>",
        "< FP. 1:1001(1000) ack 1 win 0",
        "> . 1:11(10) ack 1 <nop,nop,TS val 100 ecr 200>",
        "< U. 1:11(10) ack 1 win 5 urg 3",
        "< R 4294967295:4294967295(0) win 0",
        "< - 1:1(0) win 5",
        "> . 1:1(0) ack 1 <...>",
        "< SEW 0:0(0) win 5 <eol>",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char text[PACKET_TEXT_BYTES];
        struct packet packet;
        struct fault fault;

        if (!parse(lines[i], false, &packet, &fault))
            fail_msg("%s: %s", lines[i], fault.text);
        packet_print(&packet, text);
        assert_string_equal(text, lines[i]);
    }
}

static void says_what_it_does_not_understand(void **state)
{
    static const struct {
        const char *line, *fault;
    } rows[] = {
        { "S 0:0(0)", "a packet begins with < or >" },
        { "< X 0:0(0)", "here should be flags, as in S. or P.: \"X 0:0(0)\"" },
        { "< S", "here should be sequence numbers, as in 1:1001(1000): \"\"" },
        { "< S 0:0", "here should be sequence numbers, as in 1:1001(1000): \"\"" },
        { "< . 1:11(9)", "from 1 to 11 there are 10 bytes, not 9" },
        { "< . 0:4000000000(4000000000)", "4000000000 bytes are more than a packet has" },
        { "< . 1:1(0) ack", "ack without a number" },
        { "< . 1:1(0) ack 1 win 65536", "win without a number up to 65535" },
        { "< . 1:1(0) ack 1 urg x", "urg without a number up to 65535" },
        { "< S 0:0(0) <mss>", "mss without a number" },
        { "< S 0:0(0) <mss 1460", "here should be , or >: \"\"" },
        { "< S 0:0(0) <FO abcd>", "the option \"FO\" is not supported" },
        { "< S 0:0(0) <TS val 1>", "a timestamp is written TS val 100 ecr 200" },
        { "< . 1:1(0) <sack>", "sack without blocks" },
        { "< . 1:1(0) <sack 1>", "a SACK block is two numbers, as in 1001:2001" },
        { "< . 1:1(0) <...", "<... is not closed by >" },
        { "< . 1:1(0) ack 1 and so on", "what is this at the end: \"and so on\"" },
        { "< [ect2] . 1:1(0)", "\"[ect2\" is not supported" },
        { "< udp (10)", "udp is not supported" },
        { "> icmp unreachable", "ICMP that the stack sends is not supported" },
        { "< icmp unreachable far_away [1:1(0)]",
          "ICMP's \"unreachable far_away\" is not supported" },
        { "< icmp unreachable port_unreachable",
          "ICMP's message says about what it is, as in [1:1001(1000)]" },
        { "< icmp unreachable frag_needed mtu [1:1(0)]", "mtu without a number" },
        { "< icmp unreachable port_unreachable [1:1(0)", "[ is not closed by ]" },
        { "< . 1:1(0) <nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,"
          "nop,nop,nop,nop,nop,nop,nop>",
          "more options than a header has room for" },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct packet packet;
        struct fault fault;

        if (parse(rows[i].line, false, &packet, &fault))
            fail_msg("%s: should not be understood", rows[i].line);
        assert_string_equal(fault.text, rows[i].fault);
    }
}

static void names_the_first_difference(void **state)
{
    static const struct {
        const char *is, *should, *difference;
    } rows[] = {
        { "> . 1:1(0) ack 1 win 7", "> . 1:1(0) ack 1", NULL },
        { "> . 1:1(0) ack 1 <nop,nop,TS val 5 ecr 2>", "> . 1:1(0) ack 1 <nop,nop,TS val 9 ecr 2>",
          NULL },
        { "> . 1:1(0) ack 1 <mss 5>", "> . 1:1(0) ack 1 <...>", NULL },
        { "> P. 1:1(0) ack 1", "> . 1:1(0) ack 1", "the flags" },
        { "> . 2:2(0) ack 1", "> . 1:1(0) ack 1", "the sequence number" },
        { "> . 1:2(1) ack 1", "> . 1:1(0) ack 1", "the length" },
        { "> . 1:1(0) ack 2", "> . 1:1(0) ack 1", "the acknowledgment number" },
        { "> . 1:1(0) ack 1 win 7", "> . 1:1(0) ack 1 win 8", "the window" },
        { "> U. 1:1(0) ack 1 urg 7", "> U. 1:1(0) ack 1 urg 8", "the urgent pointer" },
        { "> [ce] . 1:1(0) ack 1", "> [ect0] . 1:1(0) ack 1", "the ECN bits" },
        { "> . 1:1(0) ack 1 <nop>", "> . 1:1(0) ack 1", "the options" },
        { "> . 1:1(0) ack 1 <mss 5>", "> . 1:1(0) ack 1 <mss 6>", "the options" },
        { "> . 1:1(0) ack 1 <TS val 5 ecr 2>", "> . 1:1(0) ack 1 <TS val 5 ecr 3>", "the options" },
        { "> . 1:1(0) ack 1 <sack 1:2>", "> . 1:1(0) ack 1 <sack 1:3>", "the options" },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct packet is, should;
        struct fault fault;
        const char *difference;

        assert_true(parse(rows[i].is, false, &is, &fault));
        assert_true(parse(rows[i].should, false, &should, &fault));
        difference = packet_difference(&is, &should);
        if (!rows[i].difference)
            assert_null(difference);
        else
            assert_string_equal(difference, rows[i].difference);
    }
}

/* What arrives, sent back with its direction turned, is the same packet. */
static void survives_the_wire(void **state)
{
    static const char *const lines[] = {
        "> S. 7:7(0) ack 1 win 5 <mss 1460,nop,nop,sackOK,nop,wscale 8>",
        "> FP. 1:1001(1000) ack 77 win 65535 <nop,nop,TS val 100 ecr 200>",
        "> U. 1:2(1) ack 1 win 5 urg 3 <nop,nop,sack 1001:2001>",
    };

    (void)state;
    for (unsigned i = 0; i < 2 * sizeof(lines) / sizeof(lines[0]); i++) {
        static uint8_t bytes[PACKET_BYTES_MAX];
        struct conversation c = {
            .local_port = 1, .remote_port = 2, .local_base = 0xfffffff0, .remote_base = 0x80000000
        };
        struct conversation turned = { .local_base = c.remote_base, .remote_base = c.local_base };
        struct packet packet, again;
        struct fault fault;
        char text[PACKET_TEXT_BYTES];
        bool is_ipv6 = i % 2;
        uint32_t len;

        assert_int_equal(ms_addr_parse(&c.local, is_ipv6 ? "2001:db8::1" : "192.0.2.1"), MS_OK);
        assert_int_equal(ms_addr_parse(&c.remote, is_ipv6 ? "2001:db8::2" : "192.0.2.2"), MS_OK);
        assert_true(parse(lines[i / 2], is_ipv6, &packet, &fault));
        len = packet_to_wire(&packet, &c, bytes);
        assert_true(packet_from_wire(&again, bytes, len, &turned));
        assert_int_equal(turned.local_port, 2);
        assert_int_equal(turned.remote_port, 1);
        packet_make_relative(&again, &turned);
        packet_print(&again, text);
        assert_string_equal(text, lines[i / 2]);
        for (uint32_t cut = 0; cut < len - packet.len; cut++)
            (void)packet_from_wire(&again, bytes, cut, &turned);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_it_has_read),
        cmocka_unit_test(says_what_it_does_not_understand),
        cmocka_unit_test(names_the_first_difference),
        cmocka_unit_test(survives_the_wire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
