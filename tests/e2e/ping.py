#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""mstack ping to the kernel, and the kernel's ping to mstack, over both families."""
import re
import signal
import subprocess
import time

from support import (DEVICE, HOSTS, INTERFACE, STACKS, TUN_DEVICE, Server, interface_exists,
                     mstack, need_network, need_programs, read_counters, run, run_tests, scratch,
                     start, wait_for)

ROOT = scratch()
# An echo request of one packet exactly, and of several: 1500 bytes are 20 + 8 or 40 + 8 more.
SIZES = {4: (0, 56, 1472, 1473, 20_000, 65_000), 6: (0, 56, 1452, 1453, 20_000, 65_000)}


def summary(text):
    """How many were sent, came back, and came back more than once."""
    found = re.search(r"(\d+) packets transmitted, (\d+) received(?:, \+(\d+) duplicates)?", text)
    assert found, text
    return int(found[1]), int(found[2]), int(found[3] or 0)


def ping(target, *options, device=None, timeout=60):
    """Gives the exit code, stdout, and the lines on stderr that are no counters; and those."""
    code, out, err = run([mstack(), "ping", *(device or DEVICE), "--stats", *options, target],
                         timeout=timeout)
    lines = [line for line in err.splitlines() if line.startswith("mstack")]
    assert not interface_exists(), "the interface is still there"
    return code, out, lines, read_counters(err)


def mstack_to_kernel(family, device):
    for size in SIZES[family]:
        code, out, lines, counters = ping(HOSTS[family], "-c", "5", "-i", "0.02", "-s", str(size),
                                          device=device)
        assert code == 0 and not lines, (size, code, lines, out)
        replies = re.findall(r"(\d+) bytes from (\S+): icmp_seq=(\d+) ttl=64 time=[\d.]+ ms", out)
        # On tap the fragments of the first request wait for the neighbour's address, all of them.
        assert replies == [(str(size + 8), HOSTS[family], str(i)) for i in range(1, 6)], out
        assert summary(out) == (5, 5, 0), (size, out)
        assert counters["icmp_in_echo_replies"] == 5, counters
        is_whole = size <= SIZES[family][2]
        assert counters.get("ip_reassembly_ok", 0) == (0 if is_whole else 5), counters


def kernel_pings(target, *options):
    code, out, err = run(["ping", "-n", "-i", "0.01", "-W", "1", *options, target])
    return code, summary(out), out + err


def kernel_to_mstack(family, device):
    with Server(ROOT, device=device) as server:
        asked = 0
        for size in SIZES[family]:
            code, counts, text = kernel_pings(STACKS[family], "-c", "10", "-s", str(size))
            assert code == 0 and counts == (10, 10, 0), text
            asked += 10
    assert server.counters["icmp_in_echos"] == asked, server.counters
    assert server.counters["icmp_out_echo_replies"] == asked, server.counters


def both_ways_at_once():
    """While mstack pings, it answers."""
    child = start([mstack(), "ping", *DEVICE, "-i", "0.01", HOSTS[4]], stdout=subprocess.PIPE,
                  stderr=subprocess.PIPE)
    try:
        child.stdout.readline()
        child.stdout.readline()  # the first reply
        for family in (4, 6):
            code, counts, text = kernel_pings(STACKS[family], "-c", "20")
            assert code == 0 and counts == (20, 20, 0), text
    finally:
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=5)
    assert child.returncode == 0, (child.returncode, err)
    sent, received, _ = summary(out.decode())
    assert sent >= 20 and received >= sent - 1, out


def loss_is_counted(family):
    code, out, lines, counters = ping(HOSTS[family], "-c", "400", "-i", "0.005", "--loss", "20",
                                      "--duplicate", "5", "--seed", str(family),
                                      device=TUN_DEVICE)  # no neighbour is to be found
    sent, received, duplicates = summary(out)
    assert code == 0 and not lines and sent == 400, (code, lines, out)
    # 0.8 * 0.8 of them come back: 256, give or take five times the deviation of 9.6.
    assert 208 <= received <= 304, received
    assert duplicates > 0
    lost = round(100 * (sent - received) / sent, 1)
    assert f", {lost:.3g}% packet loss" in out, (lost, out[-200:])
    assert out.count("bytes from") == received + duplicates
    assert counters["icmp_in_echo_replies"] == received + duplicates, counters


def kernel_counts_loss_too(family):
    with Server(ROOT, "--loss", "20", "--seed", str(family), device=TUN_DEVICE) as server:
        code, (sent, received, _), text = kernel_pings(STACKS[family], "-c", "300")
    assert code == 0 and sent == 300, text
    assert 150 <= received <= 235, received  # 192, and five times 8.3
    assert server.counters["icmp_in_echos"] >= received, server.counters


def nobody_there_is_a_failure():
    for target in ("192.0.2.77", "2001:db8::77"):
        began = time.monotonic()
        code, out, lines, _ = ping(target, "-c", "3", "-i", "0.1", "-W", "1")
        assert code == 1 and summary(out) == (3, 0, 0), (code, out, lines)
        assert ", 100% packet loss" in out, out
        assert time.monotonic() - began < 5, time.monotonic() - began


def no_route_is_a_clear_error():
    for target in ("198.51.100.1", "2001:db8:1::1"):
        code, out, lines, _ = ping(target, "-c", "3", "-i", "0.1", "-W", "1")
        assert code == 1 and len(lines) == 1 and target in lines[0], (code, out, lines)


def a_router_says_what_is_wrong():
    """The kernel forwards, but has no route: its ICMP error is shown."""
    for name in ("ipv4", "ipv6"):
        with open(f"/proc/sys/net/{name}/conf/all/forwarding", "w", encoding="ascii") as file:
            file.write("1\n")
    for family, target in ((4, "198.51.100.1"), (6, "2001:db8:1::1")):
        code, out, lines, _ = ping(target, "--gateway", HOSTS[family], "-c", "1", "-W", "1")
        assert code == 1 and not lines, (code, out, lines)
        assert f"From {HOSTS[family]}: icmp_seq=1" in out and ", +1 errors" in out, out


def a_gateway_leads_further():
    for address in ("198.51.100.1/32", "2001:db8:1::1/128"):
        run(["ip", "addr", "add", address, "dev", "lo"])
    for family, target in ((4, "198.51.100.1"), (6, "2001:db8:1::1")):
        code, out, lines, _ = ping(target, "--gateway", HOSTS[family], "-c", "3", "-i", "0.05")
        assert code == 0 and summary(out) == (3, 3, 0), (code, out, lines)


def multicast_reaches_the_other_side():
    """Sent out of the one interface there is, with no route to it."""
    for target in ("224.0.0.1", "ff02::1"):
        child = start([mstack(), "ping", *DEVICE, "-i", "0.05", target], stdout=subprocess.PIPE)
        try:
            if target.startswith("ff"):  # the kernel ignores it in IPv4, unless told otherwise
                line = [child.stdout.readline() for _ in range(2)][1].decode()
                assert re.match(r"64 bytes from (2001:db8::1|fe80:\S+): icmp_seq=\d+ ", line), line
        finally:
            child.send_signal(signal.SIGTERM)
            child.communicate(timeout=5)
        wait_for(lambda: not interface_exists(), 5, "the interface is gone")
    with Server(ROOT):
        code, counts, text = kernel_pings(f"ff02::1%{INTERFACE}", "-c", "5")
        assert code == 0 and counts[1] == 5, text


if __name__ == "__main__":
    need_network()
    need_programs("ping")
    devices = {"tap": DEVICE, "tun": TUN_DEVICE}
    run_tests([(f"mstack to the kernel, IPv{family} on {name}",
                lambda f=family, d=device: mstack_to_kernel(f, d))
               for family in (4, 6) for name, device in devices.items()]
              + [(f"the kernel to mstack, IPv{family} on {name}",
                  lambda f=family, d=device: kernel_to_mstack(f, d))
                 for family in (4, 6) for name, device in devices.items()]
              + [(f"loss is counted, IPv{family}", lambda f=family: loss_is_counted(f))
                 for family in (4, 6)]
              + [(f"the kernel counts loss too, IPv{family}",
                  lambda f=family: kernel_counts_loss_too(f)) for family in (4, 6)]
              + [both_ways_at_once, nobody_there_is_a_failure, no_route_is_a_clear_error,
                 a_router_says_what_is_wrong, a_gateway_leads_further,
                 multicast_reaches_the_other_side], at_once=4)
