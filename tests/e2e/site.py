# SPDX-License-Identifier: ISC
"""The website, served by mstack over a tap to a real browser, as a phone and as a desktop."""
import importlib.util
import os
import re
import subprocess
import sys
import time

import support
from browser import ANSWER_S, PROGRAM, Browser
from support import HOSTS, Server, run_tests, scratch, url

ROOT = scratch()
SHOTS = os.path.join(os.path.dirname(support.mstack()), "screenshots")
# What has wide tables, code and drawings; the others are made of the same.
SHOWN = ["index.html", "architecture.html", "captures.html", "bench.html", "api/tcp.html",
         "adr/index.html"]


def pages():
    found = []
    for folder, _, names in os.walk(ROOT):
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names
                  if name.endswith(".html")]
    return sorted(found)


def shot(browser, page, kind):
    browser.screenshot(os.path.join(SHOTS, re.sub(r"\W", "-", page[:-5]) + f"-{kind}.png"))


def look(browser, family, page, style="style.css"):
    """Loads a page: all parts arrive, all from us, and the page is no wider than the window."""
    fetched = browser.load(url(family, page))
    ours = url(family, "")
    assert any(address.endswith(style) for address, _ in fetched), fetched
    for address, status in fetched:
        assert address.startswith(ours), f"{page}: {address} is of another host"
        is_late = status is None and address.endswith((".svg", ".json"))
        assert status in (200, 304) or is_late, f"{page}: {address}: status {status}"
    check_width(browser, page)


def check_width(browser, page):
    wide = browser.value("document.documentElement.scrollWidth")
    room = browser.value("document.documentElement.clientWidth")
    assert wide <= room, f"{page}: {wide} pixels wide in {room}"


def text_of(browser, name):
    return browser.value(f"document.getElementById('{name}').innerText")


def wait_until(browser, expression):
    """Until it is true in the page; what the page says of itself if it never is."""
    end = time.monotonic() + ANSWER_S
    while not browser.value(expression):
        assert time.monotonic() < end, f"{expression}: {text_of(browser, 'main')}"
        time.sleep(0.1)


def look_at_status(browser, family, kind):
    """The page asks again and again, and counts what it asks."""
    look(browser, family, "status", "status.css")
    wait_until(browser, "document.getElementById('news').textContent.startsWith('Live')")
    segments = text_of(browser, "in")
    wait_until(browser, f"document.getElementById('in').innerText !== '{segments}'")
    assert HOSTS[family] in text_of(browser, "connections")
    assert "established" in text_of(browser, "connections")
    assert int(text_of(browser, "established")) >= 1
    check_width(browser, "status")
    shot(browser, "status.html", kind)


def links_to_status(browser, family):
    browser.load(url(family, "index.html"))
    return browser.value("[...document.links].some(link => link.pathname === '/status')")


def fits(family, width, height, kind):
    with Server(ROOT) as server, Browser() as browser:
        browser.become(width, height, is_phone=kind.startswith("phone"),
                       is_dark=kind.endswith("dark"))
        for page in pages():
            look(browser, family, page)
            if page in SHOWN:
                shot(browser, page, kind)
        assert links_to_status(browser, family)
        look_at_status(browser, family, kind)
        assert server.is_running()


def a_phone_reads_every_page_without_sideways_scrolling():
    fits(4, 390, 844, "phone")


def a_small_phone_in_the_dark_does_too():
    fits(6, 320, 640, "phone-dark")


def a_desktop_reads_every_page():
    fits(6, 1280, 900, "desktop")


def a_desktop_in_the_dark_does_too():
    fits(4, 1280, 900, "desktop-dark")


def a_page_says_when_nobody_answers_any_more():
    with Browser() as browser:
        with Server(ROOT):
            browser.load(url(4, "status"))
            wait_until(browser, "document.getElementById('news').textContent.startsWith('Live')")
        wait_until(browser, "document.getElementById('news').className.includes('is-late')")


def nobody_is_told_the_status_against_the_will_of_the_host():
    with Server(ROOT, "--no-status"), Browser() as browser:
        assert browser.load(url(4, "status"))[0] == (url(4, "status"), 404)


if __name__ == "__main__":
    support.need_network()
    support.need_programs(PROGRAM)
    if not importlib.util.find_spec("markdown"):
        support.skip_all("no python3-markdown")
    os.makedirs(SHOTS, exist_ok=True)
    subprocess.run([sys.executable, "tools/make_site.py", ROOT], check=True)
    run_tests([a_phone_reads_every_page_without_sideways_scrolling,
               a_small_phone_in_the_dark_does_too,
               a_desktop_reads_every_page,
               a_desktop_in_the_dark_does_too,
               a_page_says_when_nobody_answers_any_more,
               nobody_is_told_the_status_against_the_will_of_the_host])
