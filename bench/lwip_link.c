/* SPDX-License-Identifier: ISC */
/* lwIP's interface: frames out to the ring, frames in from the other end's. */
#include "lwip_link.h"

#include <stdlib.h>

#include "lwip/ip4.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"

enum {
    SMALL = 128, /* a frame up to this size is copied whole */
    HEAD = 64,   /* of a larger one only this much, as the receiver writes into the headers */
};

/*
 * Belongs to the end that sent it. The receiver sees one or two custom pbufs: head, and body which
 * lies in the sender's own memory, kept by a reference to origin.
 */
struct frame {
    struct pbuf_custom head;
    uint8_t bytes[SMALL]; /* right behind the head, so that an echo can put headers back */
    struct pbuf_custom body;
    struct pbuf *origin;
    struct frame *next_free;
};

static struct netif netif;
static struct wl_ring *out;
static struct frame frames_made[WL_RING]; /* not from the heap, which is lwIP's to be measured */
static uint32_t frames_made_count;
static struct frame *free_frames;

static void free_frame(struct frame *f)
{
    f->next_free = free_frames;
    free_frames = f;
}

static void free_small(struct pbuf *head) { free_frame((struct frame *)(void *)head); }

/* The body is freed after the head. */
static void free_head(struct pbuf *head) { (void)head; }

static void free_body(struct pbuf *body)
{
    struct frame *f = (struct frame *)(void *)((char *)body - offsetof(struct frame, body));
    pbuf_free(f->origin);
    free_frame(f);
}

static struct frame *take_frame(void)
{
    struct frame *f = free_frames;
    if (f) {
        free_frames = f->next_free;
        return f;
    }
    if (frames_made_count == WL_RING)
        abort(); /* no row has so many frames in flight */
    return &frames_made[frames_made_count++];
}

static void set_pbuf(struct pbuf_custom *p, pbuf_free_custom_fn release, void *payload, u16_t len)
{
    p->custom_free_function = release;
    p->pbuf.next = NULL;
    p->pbuf.payload = payload;
    p->pbuf.len = p->pbuf.tot_len = len;
    p->pbuf.type_internal = PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS;
    p->pbuf.flags = PBUF_FLAG_IS_CUSTOM;
    p->pbuf.ref = 1;
    p->pbuf.if_idx = 0;
}

static void make_small(struct frame *f, const struct pbuf *p)
{
    set_pbuf(&f->head, free_small, f->bytes, p->tot_len);
    if (!p->next) {
        memcpy(f->bytes, p->payload, p->len);
        return;
    }
    pbuf_copy_partial(p, f->bytes, p->tot_len, 0);
}

static void make_large(struct frame *f, struct pbuf *p)
{
    if (p->next) /* this lwIP is built to send single pbufs */
        abort();
    memcpy(f->bytes, p->payload, HEAD);
    set_pbuf(&f->head, free_head, f->bytes, HEAD);
    set_pbuf(&f->body, free_body, (char *)p->payload + HEAD, (u16_t)(p->len - HEAD));
    f->head.pbuf.tot_len = p->len;
    f->head.pbuf.next = &f->body.pbuf;
    f->origin = p;
    pbuf_ref(p);
}

static err_t output(struct netif *from, struct pbuf *p, const ip4_addr_t *to)
{
    struct frame *f = take_frame();
    (void)from, (void)to;
    if (p->tot_len <= SMALL)
        make_small(f, p);
    else
        make_large(f, p);
    return wl_ring_put(out, f) ? ERR_OK : ERR_BUF;
}

static err_t init(struct netif *n)
{
    n->name[0] = 'b';
    n->name[1] = 'n';
    n->output = output;
    return ERR_OK;
}

void lwip_link_start(struct lwip_side *side)
{
    ip4_addr_t own, mask, gateway;
    out = &side->out;
    ip4_addr_set_u32(&own, lwip_htonl(side->is_client ? WL_CLIENT_ADDR : WL_SERVER_ADDR));
    ip4_addr_set_u32(&mask, PP_HTONL(0xffffff00));
    ip4_addr_set_u32(&gateway, 0);
    netif_add(&netif, &own, &mask, &gateway, NULL, init, ip4_input);
    netif.mtu = (u16_t)(side->row.mss_bytes + WL_IP_TCP_HEADER);
    netif_set_default(&netif);
    netif_set_up(&netif);
    netif_set_link_up(&netif);
}

void lwip_link_input(void **frames, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        ip4_input(&((struct frame *)frames[i])->head.pbuf, &netif);
}
