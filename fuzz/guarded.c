/* SPDX-License-Identifier: ISC */
/* Buffers of an exact size that end where a page without access begins, and frames made of them. */
#define _DEFAULT_SOURCE
#include "guarded.h"

#include "mstack/frame.h"

#include <sanitizer/asan_interface.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, ROOM = 2 * PAGE, SLOT = ROOM + PAGE, SLOTS = 512 };

/* Room for a frame with one slice. */
struct frame_room {
    alignas(struct ms_frame) uint8_t bytes[sizeof(struct ms_frame) + sizeof(struct ms_slice)];
    struct frame_room *next_free;
};

static uint8_t *area;
static bool is_used[SLOTS];
static struct frame_room rooms[SLOTS], *free_rooms;
static unsigned rooms_opened;
static unsigned in_use, next_slot;

static void open_area(void)
{
    area = mmap(NULL, (size_t)SLOT * SLOTS, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED)
        abort();
    for (size_t i = 0; i < SLOTS; i++) {
        if (mprotect(area + i * SLOT + ROOM, PAGE, PROT_NONE) != 0)
            abort();
    }
}

uint8_t *guarded_copy(const uint8_t *bytes, size_t len)
{
    uint8_t *at;

    if (!area)
        open_area();
    if (len > ROOM || in_use == SLOTS)
        abort();
    while (is_used[next_slot % SLOTS])
        next_slot++;
    is_used[next_slot % SLOTS] = true;
    in_use++;
    at = area + (size_t)(next_slot++ % SLOTS) * SLOT + ROOM - len;
    ASAN_UNPOISON_MEMORY_REGION(at, len);
    memcpy(at, bytes, len);
    return at;
}

void guarded_free(const uint8_t *copy)
{
    size_t slot;

    if (!copy)
        return;
    slot = (size_t)(copy - area) / SLOT;
    ASAN_POISON_MEMORY_REGION(copy, (size_t)(area + slot * SLOT + ROOM - copy));
    is_used[slot] = false;
    in_use--;
}

unsigned guarded_in_use(void) { return in_use; }

static void release(struct ms_frame *frame)
{
    struct frame_room *room = (struct frame_room *)(void *)frame;

    guarded_free(frame->slice_count ? frame->slices[0].data : NULL);
    guarded_free(frame->head);
    ASAN_POISON_MEMORY_REGION(room->bytes, sizeof(room->bytes));
    room->next_free = free_rooms;
    free_rooms = room;
}

static struct ms_frame *take_room(void)
{
    struct frame_room *room = free_rooms;

    if (room)
        free_rooms = room->next_free;
    else if (rooms_opened < SLOTS)
        room = &rooms[rooms_opened++];
    else
        abort();
    ASAN_UNPOISON_MEMORY_REGION(room->bytes, sizeof(room->bytes));
    return (struct ms_frame *)(void *)room->bytes;
}

struct ms_frame *guarded_frame(const uint8_t *bytes, uint32_t len, uint32_t head_len)
{
    struct ms_frame *frame = take_room();

    *frame = (struct ms_frame){
        .head = guarded_copy(bytes, head_len),
        .head_len = head_len,
        .refs = 1,
        .slice_capacity = 1,
        .release = release,
    };
    if (head_len == len)
        return frame;
    frame->slice_count = 1;
    frame->slices[0] = (struct ms_slice){ .data = guarded_copy(bytes + head_len, len - head_len),
                                          .len = len - head_len };
    return frame;
}
