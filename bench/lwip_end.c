/* SPDX-License-Identifier: ISC */
/* One end of a conversation on lwIP's raw API: what its application does in each row. */
#include "lwip_end.h"

#include <malloc.h>

#include "lwip/init.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"
#include "lwip/udp.h"
#include "lwip_link.h"
#include "lwip_port.h"

enum { TIME_WAIT_TICKS = 2 * TCP_MSL / TCP_SLOW_INTERVAL };

static struct lwip_side *side;
static ip_addr_t server_addr;
static struct tcp_pcb *connection; /* the client's, when there is one */
static struct tcp_pcb **many;      /* the client's, when there are many */
static struct tcp_pcb *aside;
static struct udp_pcb *socket_pcb;
static struct pbuf *datagram;
static void *datagram_payload;
static uint32_t uncredited; /* bulk: bytes received since the last credit */
static uint32_t received;   /* crr: of the answer */
static bool is_idle;        /* crr: the client may connect again */
static uint64_t random_state = WL_RANDOM_SEED;
static char payload[UINT16_MAX];

static void check(err_t error, const char *what)
{
    if (error == ERR_OK)
        return;
    fprintf(stderr, "lwIP: %s failed: %d\n", what, error);
    exit(1);
}

static void on_error(void *user, err_t error)
{
    (void)user;
    check(error, "connection");
}

/* The usual case of lending bytes: no TCP_WRITE_FLAG_COPY, though Debian's build copies anyway. */
static void write_tcp(struct tcp_pcb *pcb, uint32_t len)
{
    check(tcp_write(pcb, payload, (u16_t)len, 0), "tcp_write");
}

/* Bulk: whole segments, as many as fit. tcp_input() sends them after this callback. */
static err_t on_sent_bulk(void *user, struct tcp_pcb *pcb, u16_t acknowledged)
{
    uint32_t room = tcp_sndbuf(pcb);
    uint32_t len = room - room % side->row.op_bytes;
    (void)user, (void)acknowledged;
    if (len > 0)
        write_tcp(pcb, len);
    return ERR_OK;
}

/* Credit for every second segment falls together with the ACK that is due then. */
static void receive_bulk(struct tcp_pcb *pcb, const struct pbuf *p)
{
    side->bytes += p->tot_len;
    if (side->bytes >= (side->ops + 1) * side->row.op_bytes)
        side->ops = side->bytes / side->row.op_bytes;
    uncredited += p->tot_len;
    if (uncredited < 2 * side->row.op_bytes)
        return;
    tcp_recved(pcb, (u16_t)uncredited);
    uncredited = 0;
}

static void send_random(void)
{
    struct tcp_pcb *pcb = many[wl_random(&random_state, side->row.connections)];
    write_tcp(pcb, side->row.op_bytes);
    check(tcp_output(pcb), "tcp_output");
}

static void receive_answer(struct tcp_pcb *pcb, const struct pbuf *p)
{
    tcp_recved(pcb, p->tot_len);
    side->ops++;
    if (many)
        send_random();
    else
        write_tcp(pcb, side->row.op_bytes);
}

static void receive_crr_response(struct tcp_pcb *pcb, const struct pbuf *p)
{
    tcp_recved(pcb, p->tot_len);
    received += p->tot_len;
    if (received == WL_CRR_RESPONSE)
        check(tcp_close(pcb), "tcp_close");
}

static void receive(struct tcp_pcb *pcb, const struct pbuf *p)
{
    if (side->row.kind == WL_BULK) {
        receive_bulk(pcb, p);
    } else if (side->row.kind == WL_CRR && side->is_client) {
        receive_crr_response(pcb, p);
    } else if (side->is_client) {
        receive_answer(pcb, p);
    } else {
        tcp_recved(pcb, p->tot_len);
        write_tcp(pcb, side->row.kind == WL_CRR ? WL_CRR_RESPONSE : side->row.op_bytes);
    }
}

/* No data: the peer's FIN. Only crr closes, the client first. */
static void receive_end(struct tcp_pcb *pcb)
{
    if (side->is_client) {
        side->ops++;
        is_idle = true;
    } else {
        check(tcp_close(pcb), "tcp_close");
    }
}

static err_t on_receive(void *user, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    (void)user, (void)error;
    if (!p) {
        receive_end(pcb);
        return ERR_OK;
    }
    receive(pcb, p);
    pbuf_free(p);
    return ERR_OK;
}

static void prepare(struct tcp_pcb *pcb)
{
    tcp_recv(pcb, on_receive);
    tcp_err(pcb, on_error);
    if (side->row.kind == WL_RR || side->row.kind == WL_MANY)
        tcp_nagle_disable(pcb);
}

static err_t on_accept(void *user, struct tcp_pcb *pcb, err_t error)
{
    (void)user;
    check(error, "accept");
    prepare(pcb);
    side->established++;
    return ERR_OK;
}

/* The library announces and believes 1460 at most, but the fields take more. */
static void enlarge_mss(struct tcp_pcb *pcb)
{
    pcb->mss = (u16_t)side->row.mss_bytes;
    pcb->cwnd = 2 * side->row.mss_bytes;
}

static err_t on_connected(void *user, struct tcp_pcb *pcb, err_t error)
{
    (void)user;
    check(error, "connect");
    side->established++;
    if (side->row.kind == WL_CRR)
        write_tcp(pcb, WL_CRR_REQUEST);
    if (side->row.mss_bytes > TCP_MSS)
        enlarge_mss(pcb);
    return ERR_OK;
}

static struct tcp_pcb *connect_tcp(uint16_t local_port, uint16_t remote_port)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_V4);
    if (!pcb)
        check(ERR_MEM, "tcp_new");
    prepare(pcb);
    /* Not by tcp_bind(), which looks through all connections for the port. */
    pcb->local_port = local_port;
    check(tcp_connect(pcb, &server_addr, remote_port, on_connected), "tcp_connect");
    return pcb;
}

static void listen_tcp(uint16_t port)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_V4);
    if (!pcb)
        check(ERR_MEM, "tcp_new");
    check(tcp_bind(pcb, IP4_ADDR_ANY, port), "tcp_bind");
    pcb = tcp_listen(pcb);
    if (!pcb)
        check(ERR_MEM, "tcp_listen");
    tcp_accept(pcb, on_accept);
}

static void send_datagram(void)
{
    datagram->payload = datagram_payload; /* lwIP leaves it at the header it put before */
    datagram->len = datagram->tot_len = (u16_t)side->row.op_bytes;
    check(udp_send(socket_pcb, datagram), "udp_send");
}

static void on_datagram(void *user, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
                        u16_t port)
{
    (void)user;
    if (side->row.kind == WL_UDP_ONEWAY || side->is_client)
        side->ops++;
    if (side->row.kind == WL_UDP_ECHO) {
        if (side->is_client)
            send_datagram();
        else
            check(udp_sendto(pcb, p, from, port), "udp_sendto");
    }
    pbuf_free(p);
}

static void open_udp(void)
{
    socket_pcb = udp_new_ip_type(IPADDR_TYPE_V4);
    if (!socket_pcb)
        check(ERR_MEM, "udp_new");
    if (side->sum == LWIP_SUM_OFF)
        udp_setflags(socket_pcb, UDP_FLAGS_NOCHKSUM);
    udp_recv(socket_pcb, on_datagram, NULL);
    check(udp_bind(socket_pcb, IP4_ADDR_ANY, side->is_client ? WL_UDP_CLIENT_PORT : WL_PORT),
          "udp_bind");
    if (!side->is_client)
        return;
    check(udp_connect(socket_pcb, &server_addr, WL_PORT), "udp_connect");
    datagram = pbuf_alloc(PBUF_TRANSPORT, (u16_t)side->row.op_bytes, PBUF_RAM);
    if (!datagram)
        check(ERR_MEM, "pbuf_alloc");
    memset(datagram->payload, 0, side->row.op_bytes);
    datagram_payload = datagram->payload;
}

static bool is_udp(void)
{
    return side->row.kind == WL_UDP_ONEWAY || side->row.kind == WL_UDP_ECHO;
}

static void start(struct lwip_side *s)
{
    side = s;
    lwip_port_init(s->sum);
    lwip_init();
    lwip_link_start(s);
    ip4_addr_set_u32(ip_2_ip4(&server_addr), lwip_htonl(WL_SERVER_ADDR));
    IP_SET_TYPE_VAL(server_addr, IPADDR_TYPE_V4);
    if (is_udp()) {
        open_udp();
    } else if (!s->is_client) {
        uint32_t listeners = wl_many_listeners(s->row.connections);
        for (uint32_t i = 0; i < listeners; i++)
            listen_tcp((uint16_t)(WL_PORT + i));
    } else if (s->row.kind == WL_MANY) {
        many = calloc(s->row.connections, sizeof *many);
        if (!many)
            check(ERR_MEM, "calloc");
    } else if (s->row.kind != WL_CRR) {
        connection = connect_tcp(wl_many_client_port(0), WL_PORT);
    }
}

static void connect_many(uint32_t first, uint32_t n)
{
    for (uint32_t i = first; i < first + n; i++)
        many[i] = connect_tcp(wl_many_client_port(i), wl_many_server_port(i));
}

static struct tcp_pcb **end_of(struct tcp_pcb **list)
{
    while (*list)
        list = &(*list)->next;
    return list;
}

static void set_aside(void)
{
    *end_of(&tcp_active_pcbs) = aside;
    aside = tcp_active_pcbs;
    tcp_active_pcbs = NULL;
}

static void put_back(void)
{
    *end_of(&tcp_active_pcbs) = aside;
    aside = NULL;
}

static void begin(void)
{
    if (!side->is_client)
        return;
    if (side->row.kind == WL_CRR) {
        is_idle = true;
    } else if (side->row.kind == WL_BULK) {
        tcp_sent(connection, on_sent_bulk);
        on_sent_bulk(NULL, connection, 0);
        check(tcp_output(connection), "tcp_output");
    } else if (side->row.kind == WL_RR) {
        write_tcp(connection, side->row.op_bytes);
        check(tcp_output(connection), "tcp_output");
    } else if (side->row.kind == WL_MANY) {
        send_random();
    } else if (side->row.kind == WL_UDP_ECHO) {
        send_datagram();
    }
}

static void pump(void)
{
    if (side->row.kind == WL_UDP_ONEWAY) {
        for (int i = 0; i < WL_BATCH; i++)
            send_datagram();
    } else if (is_idle) {
        is_idle = false;
        received = 0;
        connect_tcp(0, WL_PORT);
    }
}

static void expire_time_waits(void)
{
    tcp_ticks += TIME_WAIT_TICKS;
    tcp_slowtmr();
}

static size_t memory(void)
{
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

extern const struct lwip_end_ops lwip_end_ops;
const struct lwip_end_ops lwip_end_ops = {
    .start = start,
    .connect_many = connect_many,
    .set_aside = set_aside,
    .put_back = put_back,
    .begin = begin,
    .pump = pump,
    .input = lwip_link_input,
    .tick = tcp_tmr,
    .expire_time_waits = expire_time_waits,
    .memory = memory,
};
