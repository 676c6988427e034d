/* SPDX-License-Identifier: ISC */
/* What the guest is told: the command line first, then the xenstore. */
#include "settings.h"

#include "arguments.h"
#include "text.h"

enum { PATH_BYTES = 96 };

static const char FOLDER[] = "data/mstack/";
static const char *const paths[SETTINGS_READ] = {
    "data/mstack/ip",   "data/mstack/gateway", "data/mstack/queues",
    "data/mstack/port", "data/mstack/trace",
};

void ms_guest_settings_init(struct settings *settings, const char *arguments, struct store *store)
{
    *settings = (struct settings){ .arguments = arguments, .store = store };
    for (unsigned i = 0; i < SETTINGS_READ; i++)
        settings->reads[i] = (struct ms_xen_read){
            .path = paths[i],
            .value = settings->values[i],
            .size = SETTING_BYTES,
        };
    ms_guest_store_read_all(store, 0, settings->reads, SETTINGS_READ);
}

/* False: it is not there. Too long counts as empty. */
static bool read_stored(struct settings *settings, const char *name, char value[SETTING_BYTES])
{
    char path[PATH_BYTES];
    struct text text = ms_guest_text_in(path, sizeof(path));
    enum ms_xen_status status = MS_XEN_NOT_FOUND;
    unsigned i = 0;

    ms_guest_text_put(&text, FOLDER);
    ms_guest_text_put(&text, name);
    while (i < SETTINGS_READ && !ms_guest_text_equal(paths[i], path))
        i++;
    text = ms_guest_text_in(value, SETTING_BYTES);
    if (i < SETTINGS_READ) {
        status = settings->reads[i].status;
        ms_guest_text_put(&text, settings->values[i]);
    } else {
        status = ms_guest_store_read(settings->store, path, value, SETTING_BYTES);
    }
    return status == MS_XEN_OK || status == MS_XEN_TOO_LONG;
}

static bool is_on_command_line(const struct settings *settings, const char *name)
{
    char value[1];

    return ms_guest_argument(settings->arguments, name, 0, value, sizeof(value));
}

/* The `which`-th of the words. */
static bool find_word(const char *words, unsigned which, char *value, size_t size)
{
    struct text text = ms_guest_text_in(value, size);
    unsigned number = 0;

    for (const char *c = words; *c != '\0'; c++) {
        bool is_first = *c != ' ' && (c == words || c[-1] == ' ');

        number += is_first;
        if (*c != ' ' && number == which + 1)
            ms_guest_text_put_bytes(&text, c, 1);
    }
    if (text.is_cut)
        value[0] = '\0';
    /* A value of nothing is there, too, and wrong for most names. */
    return number > which || (which == 0 && number == 0);
}

bool ms_guest_setting(struct settings *settings, const char *name, unsigned which, char *value,
                      size_t size)
{
    char words[SETTING_BYTES];

    if (is_on_command_line(settings, name))
        return ms_guest_argument(settings->arguments, name, which, value, size);
    return read_stored(settings, name, words) && find_word(words, which, value, size);
}

const char *ms_guest_setting_fault(struct settings *settings, const char *name, const char *value,
                                   const char *why)
{
    struct text text = ms_guest_text_in(settings->fault, FAULT_BYTES);

    ms_guest_text_put(&text, name);
    ms_guest_text_put(&text, "=");
    ms_guest_text_put(&text, value);
    ms_guest_text_put(&text, is_on_command_line(settings, name) ? " (on the command line) "
                                                                : " (in the xenstore) ");
    ms_guest_text_put(&text, why);
    return settings->fault;
}

bool ms_guest_setting_number(struct settings *settings, const char *name, uint64_t min,
                             uint64_t max, uint64_t *number)
{
    char value[24], why[64];
    struct text text = ms_guest_text_in(why, sizeof(why));
    uint64_t found;

    if (!ms_guest_setting(settings, name, 0, value, sizeof(value)))
        return true;
    if (ms_guest_text_number(value, max, &found) && found >= min) {
        *number = found;
        return true;
    }
    ms_guest_text_put(&text, "is no number from ");
    ms_guest_text_put_number(&text, min);
    ms_guest_text_put(&text, " to ");
    ms_guest_text_put_number(&text, max);
    (void)ms_guest_setting_fault(settings, name, value, why);
    return false;
}
