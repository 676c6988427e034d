/* SPDX-License-Identifier: ISC */
/* A received packet becomes a frame. By then its bytes are ours alone: copied, or revoked. */
#include "inside.h"

enum { ETH_BYTES = 14 };

_Static_assert(sizeof(struct rx_frame) % _Alignof(struct ms_frame) == 0, "the frame lies behind");

static struct ms_frame *frame_of(struct rx_frame *rx) { return (struct ms_frame *)(rx + 1); }

static void give_back(struct ms_frame *frame)
{
    struct rx_frame *rx = (struct rx_frame *)(void *)frame - 1;
    struct queue *queue = rx->queue;

    for (uint32_t i = 0; i < rx->page_count; i++) {
        queue->rx_pages[rx->pages[i]].state = PAGE_FREE;
        stack_push(&queue->rx_free_pages, rx->pages[i]);
    }
    rx->next = queue->rx_free_frames;
    queue->rx_free_frames = rx;
}

size_t ms_netfront_frame_bytes(void)
{
    return sizeof(struct rx_frame) + sizeof(struct ms_frame) + SLOTS_MAX * sizeof(struct ms_slice);
}

void ms_netfront_frame_init(struct queue *queue, struct rx_frame *rx)
{
    *rx = (struct rx_frame){ .queue = queue, .next = queue->rx_free_frames };
    queue->rx_free_frames = rx;
}

static uint8_t *piece_bytes(const struct queue *queue, const struct rx_piece *piece)
{
    return queue->rx_pages[piece->page].bytes + piece->offset;
}

/* Copies the packet's first bytes out of pages that may be shared still. Returns how many. */
static uint32_t copy_front(const struct queue *queue, const struct rx_chain *chain, uint8_t *to)
{
    uint32_t done = 0;

    for (uint32_t i = 0; i < chain->count && done < COPY_BREAK_BYTES; i++) {
        uint32_t n = chain->pieces[i].len;

        n = n < COPY_BREAK_BYTES - done ? n : COPY_BREAK_BYTES - done;
        shared_load_bytes(to + done, piece_bytes(queue, &chain->pieces[i]), n);
        done += n;
    }
    return done;
}

/* Takes all pages back, so that nobody writes there any more. False: one is held; none is used. */
static bool revoke_all(struct queue *queue, const struct rx_chain *chain)
{
    struct ms_netfront *nf = queue->netfront;
    bool is_all = true;

    for (uint32_t i = 0; i < chain->count; i++)
        is_all = ms_netfront_page_take(nf, &queue->rx_pages[chain->pieces[i].page]) && is_all;
    if (!is_all)
        return false;
    nf->stats.rx_revoked += chain->count;
    return true;
}

static void recycle_all(struct queue *queue, const struct rx_chain *chain)
{
    for (uint32_t i = 0; i < chain->count; i++)
        ms_netfront_rx_recycle(queue, chain->pieces[i].page);
}

/* The packet's pages, revoked, go into the frame behind `skip` bytes that were copied. */
static void attach_pages(struct rx_frame *rx, const struct rx_chain *chain, uint32_t skip)
{
    struct queue *queue = rx->queue;
    struct ms_frame *frame = frame_of(rx);

    for (uint32_t i = 0; i < chain->count; i++) {
        const struct rx_piece *piece = &chain->pieces[i];
        uint32_t skipped = skip < piece->len ? skip : piece->len;
        uint8_t *bytes = piece_bytes(queue, piece) + skipped;
        uint32_t len = piece->len - skipped;

        skip -= skipped;
        if (len == 0) {
            ms_netfront_rx_recycle(queue, piece->page);
            continue;
        }
        queue->rx_pages[piece->page].state = PAGE_LENT;
        rx->pages[rx->page_count++] = piece->page;
        if (frame->head_len == 0) {
            frame->head = bytes;
            frame->head_len = len;
        } else {
            frame->slices[frame->slice_count++] = (struct ms_slice){ .data = bytes, .len = len };
        }
    }
}

/* False: a page is held, and the packet is lost. */
static bool fill(struct rx_frame *rx, const struct rx_chain *chain, uint32_t len)
{
    struct queue *queue = rx->queue;
    struct ms_frame *frame = frame_of(rx);
    bool is_copied = len <= COPY_BREAK_BYTES;

    if (!is_copied && !revoke_all(queue, chain))
        return false;
    if (is_copied || chain->pieces[0].len < COPY_BREAK_BYTES) {
        /* Headers lie in one piece, wherever the backend has cut the packet. */
        frame->head = rx->bytes;
        frame->head_len = copy_front(queue, chain, rx->bytes);
        queue->netfront->stats.rx_copied++;
    }
    if (is_copied)
        recycle_all(queue, chain);
    else
        attach_pages(rx, chain, frame->head_len);
    return true;
}

/* What the backend claims of the packet, as far as the packet's own bytes bear it out. */
static bool apply_claims(const struct ms_netfront *nf, const struct rx_chain *chain,
                         struct ms_frame *frame)
{
    struct headers headers;
    bool has_transport = ms_netfront_headers(frame->head, frame->head_len, &headers);
    uint8_t type = headers.is_ipv6 ? XEN_NETIF_GSO_TYPE_TCPV6 : XEN_NETIF_GSO_TYPE_TCPV4;

    if ((chain->flags & NETRXF_csum_blank) && !nf->config.no_checksum_offload && has_transport) {
        frame->flags = MS_FRAME_CHECKSUM_PARTIAL;
        frame->checksum_start = (uint16_t)headers.transport;
        frame->checksum_offset = headers.checksum_offset;
    } else if ((chain->flags & NETRXF_data_validated) && nf->config.is_backend_trusted) {
        frame->flags = MS_FRAME_CHECKSUM_VALID;
    }
    if (chain->segment_size == 0)
        return true;
    frame->segment_size = chain->segment_size;
    return has_transport && headers.is_tcp && chain->segment_type == type &&
           nf->device.driver.segment_bytes_max > 0;
}

static uint32_t chain_len(const struct rx_chain *chain)
{
    uint32_t len = 0;

    for (uint32_t i = 0; i < chain->count; i++)
        len += chain->pieces[i].len;
    return len;
}

/* However many pages others hold, enough stay in the ring for short packets to get through: the
 * acknowledgments, say, that make them give pages back. */
static bool can_be_kept(const struct queue *queue, uint32_t len)
{
    return queue->rx_free_frames &&
           (len <= COPY_BREAK_BYTES || ms_netfront_rx_keeps_reserve(queue, 0));
}

struct ms_frame *ms_netfront_packet(struct queue *queue, struct rx_chain *chain)
{
    struct ms_netfront *nf = queue->netfront;
    struct rx_frame *rx = queue->rx_free_frames;
    uint32_t len = chain_len(chain);
    struct ms_frame *frame;

    if (len < ETH_BYTES || !can_be_kept(queue, len)) {
        nf->stats.rx_errors += len < ETH_BYTES;
        nf->stats.rx_starved += len >= ETH_BYTES;
        recycle_all(queue, chain);
        return NULL;
    }
    queue->rx_free_frames = rx->next;
    rx->page_count = 0;
    frame = frame_of(rx);
    *frame = (struct ms_frame){ .refs = 1, .slice_capacity = SLOTS_MAX, .release = give_back };
    if (!fill(rx, chain, len)) {
        recycle_all(queue, chain);
        give_back(frame);
        nf->stats.rx_errors++;
        return NULL;
    }
    if (!apply_claims(nf, chain, frame)) {
        give_back(frame);
        nf->stats.rx_errors++;
        return NULL;
    }
    nf->stats.rx_packets++;
    return frame;
}
