/* SPDX-License-Identifier: ISC */
/* Linux TUN/TAP, with checksum offload and super-frames of up to 64 KB both ways. */
#define _DEFAULT_SOURCE 1 /* the C library shows Linux's calls only if asked */

#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../bytes.h"

enum {
    VIRTIO_HEADER_BYTES = sizeof(struct virtio_net_hdr),
    FRAME_BYTES_MAX = 65535 + 18, /* the largest IP packet, Ethernet header and VLAN tag */
    /* IPv6, TCP and their options leave so much of 64 KB for certain. */
    SEGMENT_BYTES_MAX = 65280,
    SLICES_MAX = 64,
    FRAMES = 64,
    RESERVED_PART = 4, /* a fourth of the frames is not given away */
    FRAMES_MAX = 65536,
    BATCH = 32,
    MTU = 1500,
    MTU_MIN = 68,
    ETH_HEADER_BYTES = 14,
    ETH_TYPE_AT = 12,
    ETH_TYPE_VLAN = 0x8100,
    VLAN_BYTES = 4,
    TCP_OFFSET_AT = 12,
};

_Static_assert(VIRTIO_HEADER_BYTES == 10, "the header without num_buffers");

struct ms_tap {
    struct ms_device device;
    struct ms_tap_stats stats;
    char name[IFNAMSIZ];
    bool is_write_blocked; /* the kernel said EAGAIN */
    uint32_t frames, free_count;
    uint32_t copies;  /* held by others */
    struct rx **free; /* stack of the receive frames nobody holds */
    struct rx **all;  /* the same frames, in the order they were made */
};

/* A receive buffer: this, its frame, then the bytes. */
struct rx {
    struct ms_tap *tap;
    uint8_t *bytes; /* VIRTIO_HEADER_BYTES + FRAME_BYTES_MAX of them, in a copy fewer */
};

static struct ms_frame *frame_of(struct rx *rx) { return (struct ms_frame *)(rx + 1); }

_Static_assert(sizeof(struct rx) % _Alignof(struct ms_frame) == 0, "the frame lies behind it");

static void give_back(struct ms_frame *frame)
{
    struct rx *rx = (struct rx *)(void *)frame - 1;

    rx->tap->free[rx->tap->free_count++] = rx;
}

/* The virtio header's claims, checked against the frame; false: they contradict it. */
static bool apply_header(struct ms_frame *frame, const struct virtio_net_hdr *header)
{
    uint8_t gso = (uint8_t)(header->gso_type & ~VIRTIO_NET_HDR_GSO_ECN);

    if (header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
        frame->flags = MS_FRAME_CHECKSUM_PARTIAL;
        frame->checksum_start = header->csum_start;
        frame->checksum_offset = header->csum_offset;
        if (!checksum_fits(frame))
            return false;
    } else if (header->flags & VIRTIO_NET_HDR_F_DATA_VALID) {
        frame->flags = MS_FRAME_CHECKSUM_VALID;
    }
    if (gso == VIRTIO_NET_HDR_GSO_NONE)
        return true;
    if (gso != VIRTIO_NET_HDR_GSO_TCPV4 && gso != VIRTIO_NET_HDR_GSO_TCPV6)
        return false;
    frame->segment_size = header->gso_size;
    return header->gso_size != 0;
}

/* Reads one frame into rx. 1: a frame; 0: one that was dropped; -1: nothing more to read. */
static int read_frame(struct ms_tap *tap, struct rx *rx)
{
    struct ms_frame *frame = frame_of(rx);
    struct virtio_net_hdr header;
    ssize_t n = read(tap->device.fd, rx->bytes, VIRTIO_HEADER_BYTES + FRAME_BYTES_MAX);

    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            tap->stats.rx_errors++;
        return -1;
    }
    tap->stats.reads++;
    if (n <= VIRTIO_HEADER_BYTES) {
        tap->stats.rx_bad_header++;
        return 0;
    }
    memcpy(&header, rx->bytes, sizeof header);
    *frame = (struct ms_frame){
        .head = rx->bytes + VIRTIO_HEADER_BYTES,
        .head_len = (uint32_t)(n - VIRTIO_HEADER_BYTES),
        .refs = 1,
        .release = give_back,
    };
    if (apply_header(frame, &header))
        return 1;
    tap->stats.rx_bad_header++;
    return 0;
}

/* A receive buffer for a frame of len bytes with its virtio header. */
static struct rx *make_rx(struct ms_tap *tap, size_t len)
{
    /* The IP header lies on a multiple of four, whatever stands in front of it. */
    size_t skew = tap->device.driver.medium == MS_MEDIUM_ETHERNET ? 8 : 6;
    struct rx *rx = malloc(sizeof *rx + sizeof(struct ms_frame) + skew + len);

    if (rx)
        *rx = (struct rx){ .tap = tap, .bytes = (uint8_t *)frame_of(rx)->slices + skew };
    return rx;
}

static void free_copy(struct ms_frame *frame)
{
    struct rx *rx = (struct rx *)(void *)frame - 1;

    rx->tap->copies--;
    free(rx);
}

/* NULL: no memory. */
static struct ms_frame *copy_frame(struct ms_tap *tap, const struct ms_frame *frame)
{
    struct rx *rx = make_rx(tap, VIRTIO_HEADER_BYTES + frame->head_len);
    struct ms_frame *copy = rx ? frame_of(rx) : NULL;

    if (!rx)
        return NULL;
    *copy = *frame;
    copy->head = rx->bytes + VIRTIO_HEADER_BYTES;
    copy->release = free_copy;
    memcpy(copy->head, frame->head, frame->head_len);
    tap->copies++;
    return copy;
}

/*
 * What of a frame just read is to be delivered: itself, or when few are left a copy of just its
 * size. Segments wait in the stack for one that is missing; if they took every frame, there would
 * be none to read that one with.
 */
static struct ms_frame *hand_out(struct ms_tap *tap, struct rx *rx)
{
    struct ms_frame *copy;

    if (tap->free_count > (tap->frames + RESERVED_PART - 1) / RESERVED_PART) {
        tap->free_count--;
        return frame_of(rx);
    }
    copy = copy_frame(tap, frame_of(rx));
    if (copy)
        tap->stats.rx_copied++;
    else
        tap->stats.rx_starved++;
    return copy;
}

unsigned ms_tap_receive(struct ms_tap *tap, uint64_t now_us)
{
    struct ms_frame *frames[BATCH];
    unsigned n = 0;

    /* A hostile peer may fill a batch with bad headers: they count too, so that this ends. */
    for (unsigned reads = 0; reads < BATCH; reads++) {
        struct rx *rx = tap->free[tap->free_count - 1];
        int got = read_frame(tap, rx);

        if (got < 0)
            break;
        if (got == 0)
            continue;
        frames[n] = hand_out(tap, rx);
        if (frames[n])
            n++;
    }
    if (n > 0)
        ms_device_deliver(&tap->device, frames, n, now_us);
    return n;
}

/* Whether the frame to send carries IPv6. */
static bool is_ipv6(const struct ms_tap *tap, const struct ms_frame *frame)
{
    uint32_t at = 0;

    if (tap->device.driver.medium == MS_MEDIUM_ETHERNET) {
        at = ETH_HEADER_BYTES;
        if (load_be16(frame->head + ETH_TYPE_AT) == ETH_TYPE_VLAN)
            at += VLAN_BYTES;
    }
    return frame->head[at] >> 4 == 6;
}

/* Says in virtio's words what is left to do to the frame. */
static void make_header(const struct ms_tap *tap, const struct ms_frame *frame,
                        struct virtio_net_hdr *header)
{
    uint32_t tcp = frame->checksum_start;

    *header = (struct virtio_net_hdr){ .gso_type = VIRTIO_NET_HDR_GSO_NONE };
    if (!(frame->flags & MS_FRAME_CHECKSUM_PARTIAL))
        return;
    header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
    header->csum_start = frame->checksum_start;
    header->csum_offset = frame->checksum_offset;
    if (frame->segment_size == 0 || tcp + TCP_OFFSET_AT >= frame->head_len)
        return;
    header->gso_type = is_ipv6(tap, frame) ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
    header->gso_size = frame->segment_size;
    header->hdr_len = (uint16_t)(tcp + (frame->head[tcp + TCP_OFFSET_AT] >> 4) * 4u);
}

/* One frame is one write, whatever its size. */
static ssize_t write_frame(const struct ms_tap *tap, const struct ms_frame *frame)
{
    struct virtio_net_hdr header;
    struct iovec pieces[2 + SLICES_MAX];
    int count = 2;

    make_header(tap, frame, &header);
    pieces[0] = (struct iovec){ &header, sizeof header };
    pieces[1] = (struct iovec){ frame->head, frame->head_len };
    for (unsigned i = 0; i < frame->slice_count; i++)
        pieces[count++] =
            (struct iovec){ (void *)(uintptr_t)frame->slices[i].data, frame->slices[i].len };
    return writev(tap->device.fd, pieces, count);
}

static bool is_passing(int error)
{
    return error == EAGAIN || error == ENOBUFS || error == ENOMEM || error == EINTR;
}

static unsigned transmit(struct ms_driver *driver, struct ms_frame **frames, unsigned n)
{
    struct ms_tap *tap = (struct ms_tap *)driver;

    tap->is_write_blocked = false;
    for (unsigned i = 0; i < n; i++) {
        struct ms_frame *frame = frames[i];
        ssize_t wrote = -1;

        errno = EMSGSIZE;
        if (frame->slice_count <= SLICES_MAX)
            wrote = write_frame(tap, frame);
        if (wrote < 0 && is_passing(errno)) {
            tap->stats.tx_again++;
            tap->is_write_blocked = true;
            return i;
        }
        if (wrote == (ssize_t)ms_frame_len(frame) + VIRTIO_HEADER_BYTES)
            tap->stats.writes++;
        else
            tap->stats.tx_errors++;
        ms_frame_put(frame); /* the kernel has copied it */
    }
    return n;
}

static unsigned device_poll(struct ms_device *device, uint64_t now_us)
{
    return ms_tap_receive((struct ms_tap *)device, now_us);
}

static uint64_t device_next_deadline(const struct ms_device *device)
{
    (void)device;
    return UINT64_MAX;
}

static short device_events(const struct ms_device *device)
{
    const struct ms_tap *tap = (const struct ms_tap *)device;

    return (short)(POLLIN | (tap->is_write_blocked ? POLLOUT : 0));
}

static void device_close(struct ms_device *device) { ms_tap_close((struct ms_tap *)device); }

static const struct ms_driver_ops driver_ops = { .transmit = transmit };
static const struct ms_device_ops device_ops = {
    .poll = device_poll,
    .next_deadline = device_next_deadline,
    .events = device_events,
    .close = device_close,
};

static bool make_frames(struct ms_tap *tap, uint32_t count)
{
    tap->frames = count;
    tap->free = calloc(count, sizeof(struct rx *));
    tap->all = calloc(count, sizeof(struct rx *));
    if (!tap->free || !tap->all)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        tap->all[i] = make_rx(tap, VIRTIO_HEADER_BYTES + FRAME_BYTES_MAX);
        if (!tap->all[i])
            return false;
        tap->free[i] = tap->all[i];
    }
    tap->free_count = count;
    return true;
}

/* FNV-1a of the name: the same interface has the same address each time. */
static void derive_mac(uint8_t mac[6], const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 0x100000001b3u;
    for (unsigned i = 0; i < 6; i++)
        mac[i] = (uint8_t)(hash >> (8 * i));
    mac[0] = (uint8_t)((mac[0] & 0xfc) | 0x02); /* unicast, locally administered */
}

/* Ours must not be the kernel's own. */
static void choose_mac(struct ms_tap *tap, const uint8_t wish[6])
{
    static const uint8_t none[6];
    uint8_t *mac = tap->device.driver.mac;
    struct ifreq request = { 0 };

    memcpy(mac, wish, 6);
    if (memcmp(wish, none, 6) == 0)
        derive_mac(mac, tap->name);
    if (ioctl(tap->device.fd, SIOCGIFHWADDR, &request) == 0 &&
        memcmp(request.ifr_hwaddr.sa_data, mac, 6) == 0)
        mac[5] ^= 1;
}

static void free_tap(struct ms_tap *tap)
{
    for (uint32_t i = 0; tap->all && i < tap->frames; i++)
        free(tap->all[i]);
    free(tap->all);
    free(tap->free);
    free(tap);
}

static bool is_config_sensible(const struct ms_tap_config *config)
{
    return (config->mtu == 0 || config->mtu >= MTU_MIN) && config->frames <= FRAMES_MAX &&
           (!config->name || strlen(config->name) < IFNAMSIZ);
}

int ms_tap_adopt(struct ms_tap **tap, int fd, const struct ms_tap_config *config, char *message,
                 size_t size)
{
    struct ms_tap *t = is_config_sensible(config) ? calloc(1, sizeof *t) : NULL;
    uint32_t frames = config->frames ? config->frames : FRAMES;

    if (!t) {
        snprintf(message, size, "interface name longer than 15 bytes, MTU below 68, or no memory");
        return EINVAL;
    }
    t->device = (struct ms_device){
        .driver = { .ops = &driver_ops,
                    .medium = config->medium,
                    .mtu = config->mtu ? config->mtu : MTU,
                    .slices_max = SLICES_MAX,
                    .checksum_offload = !config->no_offload,
                    .segment_bytes_max = config->no_offload ? 0 : SEGMENT_BYTES_MAX },
        .ops = &device_ops,
        .fd = fd,
    };
    if (config->name)
        memcpy(t->name, config->name, strlen(config->name));
    if (!make_frames(t, frames)) {
        snprintf(message, size, "out of memory for %u receive frames", frames);
        free_tap(t);
        return ENOMEM;
    }
    if (config->medium == MS_MEDIUM_ETHERNET)
        choose_mac(t, config->mac);
    *tap = t;
    return 0;
}

static int explain(int error, const char *name, char *message, size_t size)
{
    const char *hint = "";

    if (error == EPERM || error == EACCES)
        hint = " (it takes CAP_NET_ADMIN: be root)";
    else if (error == ENOENT || error == ENODEV || error == ENXIO)
        hint = " (/dev/net/tun: is the tun module loaded?)";
    else if (error == EBUSY)
        hint = " (another program has it)";
    else if (error == EINVAL)
        hint = " (it exists already and is of another kind?)";
    snprintf(message, size, "cannot open interface \"%s\": %s%s", name, strerror(error), hint);
    return error;
}

/* Creates the interface and tells what may come from it. */
static int set_up(int fd, const struct ms_tap_config *config, struct ifreq *request)
{
    int header_bytes = VIRTIO_HEADER_BYTES;
    unsigned all = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
    int kind = config->medium == MS_MEDIUM_ETHERNET ? IFF_TAP : IFF_TUN;

    request->ifr_flags = (short)(kind | IFF_NO_PI | IFF_VNET_HDR);
    if (ioctl(fd, TUNSETIFF, request) < 0 || ioctl(fd, TUNSETVNETHDRSZ, &header_bytes) < 0)
        return errno;
    if (config->no_offload)
        return ioctl(fd, TUNSETOFFLOAD, 0) < 0 ? errno : 0;
    /* The less it takes, the more plain frames come; sending to it is not concerned. */
    if (ioctl(fd, TUNSETOFFLOAD, all) < 0 && ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM) < 0)
        return ioctl(fd, TUNSETOFFLOAD, 0) < 0 ? errno : 0;
    return 0;
}

int ms_tap_open(struct ms_tap **tap, const struct ms_tap_config *config, char *message, size_t size)
{
    struct ms_tap_config named = *config;
    struct ifreq request = { 0 };
    int fd, error;

    if (!is_config_sensible(config)) {
        snprintf(message, size, "interface name longer than 15 bytes, or MTU below 68");
        return EINVAL;
    }
    named.name = config->name ? config->name : "";
    memcpy(request.ifr_name, named.name, strlen(named.name));
    fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return explain(errno, named.name, message, size);
    error = set_up(fd, config, &request);
    if (error) {
        (void)explain(error, named.name, message, size);
    } else {
        named.name = request.ifr_name;
        error = ms_tap_adopt(tap, fd, &named, message, size);
    }
    if (error)
        close(fd);
    return error;
}

void ms_tap_close(struct ms_tap *tap)
{
    close(tap->device.fd);
    free_tap(tap);
}

struct ms_device *ms_tap_device(struct ms_tap *tap) { return &tap->device; }

const char *ms_tap_name(const struct ms_tap *tap) { return tap->name; }

int ms_tap_fd(const struct ms_tap *tap) { return tap->device.fd; }

uint32_t ms_tap_frames_held(const struct ms_tap *tap)
{
    return tap->frames - tap->free_count + tap->copies;
}

void ms_tap_stats(const struct ms_tap *tap, struct ms_tap_stats *stats) { *stats = tap->stats; }
