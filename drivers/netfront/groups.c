/* SPDX-License-Identifier: ISC */
/* Groups that are listened to: the backend is asked to send no others, if it can be. */
#include "inside.h"

static struct group *find(struct groups *groups, const uint8_t mac[MAC_BYTES])
{
    for (uint32_t i = 0; i < groups->count; i++) {
        if (memcmp(groups->at[i].mac, mac, MAC_BYTES) == 0)
            return &groups->at[i];
    }
    return NULL;
}

static void join(struct groups *groups, const uint8_t mac[MAC_BYTES])
{
    struct group *group = find(groups, mac);

    if (!group && groups->count == GROUPS_MAX) {
        groups->unlisted++;
        return;
    }
    if (!group) {
        group = &groups->at[groups->count++];
        *group = (struct group){ .joins = 0 };
        memcpy(group->mac, mac, MAC_BYTES);
    }
    group->joins++;
}

/* One that the backend knows of stays in the list until it was told. */
static void leave(struct groups *groups, const uint8_t mac[MAC_BYTES])
{
    struct group *group = find(groups, mac);

    if (!group || group->joins == 0) {
        groups->unlisted -= groups->unlisted > 0;
        return;
    }
    group->joins--;
    if (group->joins == 0 && !group->is_told)
        *group = groups->at[--groups->count];
}

void ms_netfront_set_group(struct ms_driver *driver, const uint8_t mac[MAC_BYTES], bool is_joined)
{
    struct ms_netfront *nf = (struct ms_netfront *)(void *)driver;

    if (is_joined)
        join(&nf->groups, mac);
    else
        leave(&nf->groups, mac);
    nf->groups.is_due = true;
}

void ms_netfront_groups_connect(struct ms_netfront *nf)
{
    struct groups *groups = &nf->groups;

    for (uint32_t i = 0; i < groups->count; i++)
        groups->at[i].is_told = false;
    groups->unanswered = 0;
    groups->is_refused = false;
    groups->is_filtering = false;
    groups->is_due = true;
}

/* False: there is no room. */
static bool tell(struct ms_netfront *nf, struct group *group)
{
    bool is_joined = group->joins > 0;

    if (group->is_told == is_joined || !nf->features.multicast_control)
        return true;
    if (!ms_netfront_tx_group(&nf->queues[0], group->mac, is_joined))
        return false;
    group->is_told = is_joined;
    nf->groups.unanswered++;
    return true;
}

static bool tell_all(struct ms_netfront *nf)
{
    struct groups *groups = &nf->groups;

    for (uint32_t i = 0; i < groups->count;) {
        struct group *group = &groups->at[i];

        if (!tell(nf, group))
            return false;
        if (group->joins > 0)
            i++;
        else
            *group = groups->at[--groups->count];
    }
    return true;
}

/* Without a group there is nobody above who tells of groups, and who may want them all. */
static bool can_filter(const struct groups *groups)
{
    return groups->count > 0 && groups->unlisted == 0 && !groups->is_refused;
}

/* Filtering ends at once, and begins when all is agreed. False: that could not be said. */
static bool choose_filter(struct ms_netfront *nf)
{
    struct groups *groups = &nf->groups;
    bool is_wanted = can_filter(groups);

    if (is_wanted == groups->is_filtering || (is_wanted && groups->unanswered > 0))
        return true;
    if (!ms_netfront_store_set_filter(nf, is_wanted))
        return false;
    groups->is_filtering = is_wanted;
    return true;
}

void ms_netfront_groups_tell(struct ms_netfront *nf)
{
    struct groups *groups = &nf->groups;
    bool is_all_told;

    if (!groups->is_due && !groups->is_blocked)
        return;
    groups->is_due = false;
    is_all_told = tell_all(nf);
    ms_netfront_tx_publish(&nf->queues[0]);
    /* What is in the way may be gone at the next poll; it is not worth another. */
    groups->is_blocked = !is_all_told || !choose_filter(nf);
}

void ms_netfront_group_answered(struct ms_netfront *nf, bool is_agreed)
{
    struct groups *groups = &nf->groups;

    groups->unanswered--;
    groups->is_refused = groups->is_refused || !is_agreed;
    groups->is_due = true;
}
