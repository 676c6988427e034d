#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Checks a website as files: well-formed pages, links that lead somewhere, nothing from elsewhere.

Usage: check_site.py DIRECTORY. Prints one line for each fault, and then the sizes.
"""
import html.parser
import os
import posixpath
import re
import sys
import urllib.parse

# The pages are to fit into a small guest's image.
LIMIT_BYTES = 400_000
LIMIT_API_BYTES = 300_000
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
SELF_CLOSED_IN = {"svg", "path", "rect", "circle", "line", "text"}
# A paragraph ends before these without being told, so one inside it is a mistake.
NOT_IN_P = {"p", "div", "ul", "ol", "table", "pre", "h1", "h2", "h3", "figure", "footer", "main"}
ONCE = ["html", "head", "title", "body", "main", "h1"]


class Page(html.parser.HTMLParser):
    """Reads a page; faults, names and links are what is found in it."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.faults = [], [], []
        self.names, self.links, self.resources = set(), [], []
        self.has_viewport = False
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag in self.open]
        self.faults += [f"{self.seen.count(tag)} times <{tag}>" for tag in ONCE
                        if self.seen.count(tag) != 1]
        if not text.startswith("<!DOCTYPE html>\n"):
            self.faults.append("no doctype")
        if not self.has_viewport:
            self.faults.append("no viewport")

    def fault(self, text):
        self.faults.append(f"{text} (line {self.getpos()[0]})")

    def handle_starttag(self, tag, attrs):
        self.take(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.take(tag, attrs)
        if tag not in SELF_CLOSED_IN:
            self.fault(f"<{tag}/>")

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.fault(f"</{tag}> closes nothing")
        else:
            self.open.pop()

    def take(self, tag, attrs):
        named = dict(attrs)
        self.seen.append(tag)
        if len(named) != len(attrs):
            self.fault(f"an attribute twice in <{tag}>")
        if tag in NOT_IN_P and "p" in self.open:
            self.fault(f"<{tag}> in <p>")
        if tag == "script" or any(name.startswith("on") for name in named):
            self.fault("a script")
        if named.get("id") in self.names:
            self.fault(f"id {named['id']} twice")
        self.names |= {named["id"]} if "id" in named else set()
        self.has_viewport |= tag == "meta" and named.get("name") == "viewport"
        self.links += [named["href"]] if tag == "a" and "href" in named else []
        self.resources += [value for name, value in attrs if name in ("src", "srcset", "data")
                           or (name == "href" and tag != "a")]
        self.resources += re.findall(r"url\(['\"]?([^'\")]+)", named.get("style") or "")


def links_of_style(text):
    return re.findall(r"url\(['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)", text)


class Checker:
    def __init__(self, root):
        self.root = root
        self.sizes = {}
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                self.sizes[os.path.relpath(path, root)] = os.path.getsize(path)
        self.pages = {path: Page(self.read(path)) for path in sorted(self.sizes)
                      if path.endswith(".html")}

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            return file.read()

    def leads_nowhere(self, path, link):
        """Why, or None. A link to a path from the top is another's: a live page."""
        parts = urllib.parse.urlsplit(link)
        if parts.scheme or parts.netloc or parts.path.startswith("/"):
            return None
        wanted = path
        if parts.path:
            folder = posixpath.dirname(path)
            wanted = posixpath.normpath(posixpath.join(folder, urllib.parse.unquote(parts.path)))
        if wanted not in self.sizes:
            return f"no such page: {link}"
        if parts.fragment and (wanted not in self.pages
                               or parts.fragment not in self.pages[wanted].names):
            return f"no such anchor: {link}"
        return None

    def resource_faults(self, path, resources):
        for resource in resources:
            if re.match(r"[a-z]+:|//", resource):
                yield f"{path}: from another host: {resource}"
            elif self.leads_nowhere(path, resource):
                yield f"{path}: {self.leads_nowhere(path, resource)}"

    def size(self, is_api):
        return sum(size for path, size in self.sizes.items() if path.startswith("api/") == is_api)

    def faults(self):
        for path, page in self.pages.items():
            yield from (f"{path}: {fault}" for fault in page.faults)
            yield from (f"{path}: {why}" for why in (self.leads_nowhere(path, link)
                                                     for link in page.links) if why)
            yield from self.resource_faults(path, page.resources)
        for path in self.sizes:
            if path.endswith((".css", ".svg")):
                links = ["".join(pair) for pair in links_of_style(self.read(path))]
                yield from self.resource_faults(path, links)
        if self.size(False) > LIMIT_BYTES:
            yield f"{self.size(False)} bytes without the API, more than {LIMIT_BYTES}"
        if self.size(True) > LIMIT_API_BYTES:
            yield f"{self.size(True)} bytes of API, more than {LIMIT_API_BYTES}"


def main(argv):
    if len(argv) != 1:
        sys.exit("usage: check_site.py DIRECTORY")
    checker = Checker(argv[0])
    faults = list(checker.faults())
    print("\n".join(faults + [f"{len(checker.pages)} pages, {checker.size(False)} bytes and "
                              f"{checker.size(True)} of API"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
