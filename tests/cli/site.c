/* SPDX-License-Identifier: ISC */
/* Replies from a directory made for the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/reply.h"
#include "site.h"

static char outside[] = "/tmp/mstack-reply-XXXXXX";
static int root = -1;
static struct site site;
static struct reply reply;
static struct request request;
static char head[1025], body[4097];

static void write_file(const char *name, const char *bytes)
{
    int fd = openat(root, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
    close(fd);
}

/* outside/secret, and outside/root/ with files and links. */
static int make_site(void **state)
{
    char path[64];

    (void)state;
    assert_non_null(mkdtemp(outside));
    root = open(outside, O_RDONLY | O_DIRECTORY);
    write_file("secret", "secret");
    assert_int_equal(mkdirat(root, "root", 0755), 0);
    close(root);
    snprintf(path, sizeof(path), "%s/root", outside);
    root = open(path, O_RDONLY | O_DIRECTORY);
    write_file("ten.txt", "0123456789");
    write_file("empty", "");
    write_file(".hidden", "x");
    write_file("a<b>&c.html", "x");
    assert_int_equal(mkdirat(root, "plain", 0755), 0);
    write_file("plain/one", "1");
    assert_int_equal(mkdirat(root, "indexed", 0755), 0);
    write_file("indexed/index.html", "<p>");
    assert_int_equal(symlinkat("../secret", root, "out"), 0);
    assert_int_equal(symlinkat("/etc", root, "etc"), 0);
    assert_int_equal(symlinkat("ten.txt", root, "in"), 0);
    assert_int_equal(symlinkat("loop", root, "loop"), 0);
    assert_int_equal(mkfifoat(root, "fifo", 0644), 0);
    site_init(&site, root);
    return 0;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int remove_site(void **state)
{
    (void)state;
    ms_http_reply_end(&reply);
    site_free(&site);
    close(root);
    return nftw(outside, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* What is to be sent after the head, by as many stretches as it takes. */
static void read_body(void)
{
    struct ms_http_source *source = reply.content.source;
    size_t len = 0;

    for (uint64_t at = reply.at; at < reply.end;) {
        struct ms_http_stretch stretch;
        size_t n = reply.end - at;

        assert_true(source->ops->lend(&reply.content, at, &stretch));
        n = n < stretch.len ? n : stretch.len;
        assert_true(n > 0 && len + n < sizeof(body));
        memcpy(body + len, stretch.data, n);
        len += n;
        at += n;
        source->ops->give_back(source, stretch.keeper);
    }
    body[len] = 0;
}

/* Asks with more header fields, each ended by CR LF. Returns the status. */
static int ask(const char *method, const char *target, const char *fields)
{
    struct text text = ms_http_text_in(head, sizeof(head) - 1);
    char bytes[512];
    int len = snprintf(bytes, sizeof(bytes), "%s %s HTTP/1.1\r\nHost: h\r\n%s\r\n", method, target,
                       fields);

    ms_http_reply_end(&reply);
    ms_http_request_init(&request);
    assert_true(ms_http_request_put(&request, (const uint8_t *)bytes, (uint32_t)len));
    ms_http_request_parse(&request);
    ms_http_reply_make(&reply, &text, &request, &site.source, 784111777);
    head[text.len] = 0;
    read_body();
    return reply.status;
}

static int get(const char *target) { return ask("GET", target, ""); }

static bool head_has(const char *line) { return strstr(head, line) != NULL; }

/* The value of a field of the last reply. */
static void copy_field(const char *name, char *value, size_t size)
{
    const char *at = strstr(head, name);

    assert_non_null(at);
    at += strlen(name) + 2;
    snprintf(value, size, "%.*s", (int)strcspn(at, "\r"), at);
}

static void sends_a_file(void **state)
{
    (void)state;
    assert_int_equal(get("/ten.txt"), 200);
    assert_true(head_has("HTTP/1.1 200 OK\r\n"));
    assert_true(head_has("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
    assert_true(head_has("\r\nContent-Length: 10\r\n"));
    assert_true(head_has("\r\nContent-Type: text/plain; charset=utf-8\r\n"));
    assert_true(head_has("\r\nAccept-Ranges: bytes\r\n"));
    assert_false(head_has("Connection:"));
    assert_string_equal(body, "0123456789");
    assert_int_equal(get("/empty"), 200);
    assert_true(head_has("\r\nContent-Length: 0\r\n"));
    assert_int_equal(get("/in"), 200);
    assert_int_equal(get("http://h/ten.txt"), 200);
}

static void sends_heads_without_content(void **state)
{
    (void)state;
    assert_int_equal(ask("HEAD", "/ten.txt", ""), 200);
    assert_true(head_has("\r\nContent-Length: 10\r\n"));
    assert_true(!reply.has_content && reply.at == reply.end);
    assert_int_equal(ask("HEAD", "/none", ""), 404);
    assert_true(head_has("\r\nContent-Length: 14\r\n"));
    assert_string_equal(strstr(head, "\r\n\r\n"), "\r\n\r\n");
}

static void sends_ranges(void **state)
{
    (void)state;
    assert_int_equal(ask("GET", "/ten.txt", "Range: bytes=2-4\r\n"), 206);
    assert_true(head_has("\r\nContent-Range: bytes 2-4/10\r\n"));
    assert_true(head_has("\r\nContent-Length: 3\r\n"));
    assert_string_equal(body, "234");
    assert_int_equal(ask("GET", "/ten.txt", "Range: bytes=10-\r\n"), 416);
    assert_true(head_has("\r\nContent-Range: bytes */10\r\n"));
    assert_true(!reply.has_content);
    assert_int_equal(ask("GET", "/ten.txt", "Range: bytes=0-1,3-4\r\n"), 200);
    assert_int_equal(ask("HEAD", "/ten.txt", "Range: bytes=2-4\r\n"), 200);
}

static void minds_the_version_of_a_range(void **state)
{
    char etag[80], modified[40], fields[200];

    (void)state;
    get("/ten.txt");
    copy_field("ETag", etag, sizeof(etag));
    copy_field("Last-Modified", modified, sizeof(modified));
    snprintf(fields, sizeof(fields), "Range: bytes=2-4\r\nIf-Range: %s\r\n", etag);
    assert_int_equal(ask("GET", "/ten.txt", fields), 206);
    snprintf(fields, sizeof(fields), "Range: bytes=2-4\r\nIf-Range: %s\r\n", modified);
    assert_int_equal(ask("GET", "/ten.txt", fields), 206);
    assert_int_equal(ask("GET", "/ten.txt", "Range: bytes=2-4\r\nIf-Range: \"other\"\r\n"), 200);
}

static void says_when_nothing_has_changed(void **state)
{
    char etag[80], modified[40], fields[200];

    (void)state;
    get("/ten.txt");
    copy_field("ETag", etag, sizeof(etag));
    copy_field("Last-Modified", modified, sizeof(modified));
    snprintf(fields, sizeof(fields), "If-None-Match: \"x\", W/%s\r\n", etag);
    assert_int_equal(ask("GET", "/ten.txt", fields), 304);
    assert_true(!reply.has_content && head_has("ETag: ") && !head_has("Content-Length"));
    snprintf(fields, sizeof(fields), "If-Modified-Since: %s\r\n", modified);
    assert_int_equal(ask("GET", "/ten.txt", fields), 304);
    assert_int_equal(ask("GET", "/ten.txt", "If-None-Match: \"x\"\r\n"), 200);
    assert_int_equal(ask("GET", "/ten.txt", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"),
                     200);
    snprintf(fields, sizeof(fields), "If-None-Match: \"x\"\r\nIf-Modified-Since: %s\r\n", modified);
    assert_int_equal(ask("GET", "/ten.txt", fields), 200);
}

static void lists_directories(void **state)
{
    (void)state;
    assert_int_equal(get("/"), 200);
    assert_true(head_has("text/html"));
    assert_non_null(strstr(body, "<a href=\"./a%3Cb%3E%26c.html\">a&lt;b&gt;&amp;c.html"));
    assert_non_null(strstr(body, "<a href=\"./plain/\">plain/</a>"));
    assert_null(strstr(body, "hidden"));
    assert_null(strstr(body, "../"));
    assert_int_equal(get("/plain/"), 200);
    assert_non_null(strstr(body, "href=\"../\""));
}

static void prefers_the_index(void **state)
{
    (void)state;
    assert_int_equal(get("/indexed/"), 200);
    assert_true(head_has("text/html"));
    assert_string_equal(body, "<p>");
    assert_int_equal(get("/indexed"), 301);
    assert_true(head_has("\r\nLocation: /indexed/\r\n"));
}

static void redirects_to_this_server_only(void **state)
{
    (void)state;
    assert_int_equal(get("//plain"), 301);
    assert_true(head_has("\r\nLocation: /plain/\r\n"));
}

static void never_leads_outside(void **state)
{
    static const char *const targets[] = {
        "/out",           "/etc/passwd",  "/etc",  "/etc/", "/../secret", "/plain/../../secret",
        "/%2e%2e/secret", "/..%2fsecret", "/loop", "/fifo",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        if (get(targets[i]) != 403)
            fail_msg("%s: %d", targets[i], reply.status);
        assert_true(!reply.has_content);
    }
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(get("/none"), 404);
    assert_int_equal(get("/ten.txt/"), 404);
    assert_int_equal(get("/ten.txt/x"), 404);
    assert_int_equal(get("/%zz"), 400);
    assert_int_equal(ask("POST", "/ten.txt", ""), 405);
    assert_true(head_has("\r\nAllow: GET, HEAD\r\n"));
    assert_int_equal(ask("BREW", "/", ""), 501);
    assert_true(reply.ends_connection && head_has("\r\nConnection: close\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_a_file),
        cmocka_unit_test(sends_heads_without_content),
        cmocka_unit_test(sends_ranges),
        cmocka_unit_test(minds_the_version_of_a_range),
        cmocka_unit_test(says_when_nothing_has_changed),
        cmocka_unit_test(lists_directories),
        cmocka_unit_test(prefers_the_index),
        cmocka_unit_test(redirects_to_this_server_only),
        cmocka_unit_test(never_leads_outside),
        cmocka_unit_test(says_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, make_site, remove_site);
}
