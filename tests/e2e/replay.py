#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""mstack replay of every capture, in either part; what it says is checked by other means."""
import hashlib
import ipaddress
import json
import os
import struct
import subprocess
import tempfile

from support import mstack, run, run_tests

FOLDER = "tests/captures"
CAPTURES_MIN = 20
# Of these nothing can be replayed, and what is said of each.
NOT_REPLAYED = {
    "no-syn.pcap": "SYN",
    "packets-missing.pcap": "missing",
    "refused.pcap": "never established",
    "truncated-snaplen.pcap": "truncated",
}
FIN, SYN, RST = 1, 2, 4
MODULUS = 1 << 32


def captures(*endings):
    return sorted(name for name in os.listdir(FOLDER) if name.endswith(endings))


def replay(path, *options):
    code, out, err = run([mstack(), "replay", path, *options], timeout=120)
    return code, out, err.splitlines()


def replay_json(name, *options):
    code, out, errors = replay(f"{FOLDER}/{name}", "--json", *options)
    assert not errors, errors
    return code, json.loads(out)


def packets(path):
    """The IP packets of a pcap file, by a reader that shares nothing with the one under test."""
    with open(path, "rb") as file:
        data = file.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    link_type = struct.unpack_from(order + "I", data, 20)[0]
    header_len = {1: 14, 12: 0, 101: 0, 113: 16, 228: 0, 229: 0, 276: 20}[link_type]
    at = 24
    while at < len(data):
        kept = struct.unpack_from(order + "I", data, at + 8)[0]
        yield data[at + 16 + header_len:at + 16 + kept]
        at += 16 + kept


def segment(packet):
    """(source, destination, sequence number, flags, payload), or None if it is not TCP."""
    if packet[0] >> 4 == 4:
        header_len, total = (packet[0] & 15) * 4, struct.unpack_from(">H", packet, 2)[0]
        protocol, addrs = packet[9], (packet[12:16], packet[16:20])
    else:
        header_len, total = 40, 40 + struct.unpack_from(">H", packet, 4)[0]
        protocol, addrs = packet[6], (packet[8:24], packet[24:40])
    if protocol != 6:
        return None
    tcp = packet[header_len:total]
    ports = struct.unpack_from(">HH", tcp)
    return (*((ipaddress.ip_address(addr), port) for addr, port in zip(addrs, ports)),
            struct.unpack_from(">I", tcp, 4)[0], tcp[13], tcp[(tcp[12] >> 4) * 4:])


class Direction:
    """The bytes that one side sent: joined by sequence number, however often and late they came."""

    def __init__(self):
        self.start, self.pieces, self.end = None, {}, None

    def add(self, sequence, flags, payload):
        if flags & SYN:
            self.start = (sequence + 1) % MODULUS
            return
        if self.start is None:
            return
        offset = (sequence - self.start) % MODULUS
        if payload and offset < MODULUS // 2 and len(payload) > len(self.pieces.get(offset, b"")):
            self.pieces[offset] = payload

    def stream(self):
        joined = bytearray()
        for offset, payload in sorted(self.pieces.items()):
            assert offset <= len(joined), "bytes are missing"
            joined[offset:] = payload if offset + len(payload) > len(joined) else joined[offset:]
        return bytes(joined)


def conversations(path):
    """By their two ends, client first; each is a list, since an end may be used again."""
    found = {}
    for packet in packets(path):
        parsed = segment(packet)
        if not parsed:
            continue
        source, destination, sequence, flags, payload = parsed
        if flags & SYN and not flags & 16:
            again = found.setdefault((source, destination), [])
            start = (sequence + 1) % MODULUS
            if not again or again[-1][0].start != start:
                again.append((Direction(), Direction()))
        for key, side in (((source, destination), 0), ((destination, source), 1)):
            if key in found:
                found[key][-1][side].add(sequence, flags, payload)
                break
    return found


def end_of(text):
    host, _, port = text.rpartition(":")
    return ipaddress.ip_address(host.strip("[]")), int(port)


def check_direction(direction, expected):
    assert direction["delivered_bytes"] == direction["captured_bytes"] == len(expected), direction
    digest = hashlib.sha256(expected).hexdigest()
    assert direction["captured_sha256"] == digest, (direction, digest)
    assert direction["delivered_sha256"] == digest, (direction, digest)
    assert direction["segments"] > 0


def check_counts(report):
    streams = report["streams"]
    replayed = [stream for stream in streams if stream["replayed"]]
    delivered = [stream for stream in replayed if stream["delivered"]]
    assert report["delivered"] == len(delivered), report
    assert report["failed"] == len(replayed) - len(delivered), report
    assert report["not_replayed"] == len(streams) - len(replayed), report
    assert all(stream["reason"] for stream in streams if not stream["replayed"]), report
    assert [stream["stream"] for stream in streams] == list(range(len(streams)))


def check_against_capture(name, report, side):
    expected = conversations(f"{FOLDER}/{name}")
    to_stack, from_stack = (0, 1) if side == "server" else (1, 0)
    for stream in report["streams"]:
        if not stream["replayed"]:
            continue
        directions = expected[end_of(stream["client"]), end_of(stream["server"])].pop(0)
        check_direction(stream["to_mstack"], directions[to_stack].stream())
        check_direction(stream["from_mstack"], directions[from_stack].stream())


def capture_is_delivered(name, side):
    code, report = replay_json(name, "--as", side)
    check_counts(report)
    assert report["file"] == f"{FOLDER}/{name}"
    assert report["malformed"] == 0 and report["failed"] == 0, report
    if name in NOT_REPLAYED:
        assert code == 1 and report["delivered"] == 0, (code, report)
        reasons = [stream["reason"] for stream in report["streams"]]
        assert all(NOT_REPLAYED[name] in reason for reason in reasons), reasons
        return
    assert code == 0 and report["delivered"] > 0, (code, report)
    if name.endswith(".pcap"):
        check_against_capture(name, report, side)


def every_capture_is_delivered():
    names = captures(".pcap", ".pcapng")
    assert len(names) - len(NOT_REPLAYED) >= CAPTURES_MIN, names
    wrong = []
    for name in names:
        for side in ("server", "client"):
            try:
                capture_is_delivered(name, side)
            except AssertionError as error:
                wrong.append(f"{name} as {side}: {error}")
    assert not wrong, "\n".join(wrong)
    print(f"# {len(names)} captures")


def the_table_says_the_same():
    for name in captures(".pcap"):
        _, report = replay_json(name)
        code, out, errors = replay(f"{FOLDER}/{name}")
        assert code == (1 if name in NOT_REPLAYED else 0) and not errors, (name, code, errors)
        assert (f"{report['delivered']} delivered byte for byte, 0 failed,"
                f" {report['not_replayed']} not replayed") in out, out
        assert "DIFFERS" not in out
        for stream in report["streams"]:
            text = "delivered byte for byte" if stream["replayed"] else stream["reason"]
            assert any(line.startswith(f"stream {stream['stream']}: ") and line.endswith(text)
                       for line in out.splitlines()), (stream, out)


def what_went_wrong_goes_wrong_again():
    """Where the capture has holes, repetitions and late segments, so has the replay."""
    for name, what in (("lossy-5-client-side.pcap", "out_of_order"),
                       ("lossy-20-server-side.pcap", "retransmissions"),
                       ("lossy-reordered-v6.pcap", "duplicates")):
        _, report = replay_json(name, "--as", "client")
        directions = [stream["to_mstack"] for stream in report["streams"] if stream["replayed"]]
        assert sum(direction[what] for direction in directions) > 0, (name, what, report)


def the_same_seed_gives_the_same_packets():
    with tempfile.TemporaryDirectory() as folder:
        digests = {}
        for number, seed in enumerate(("7", "7", "8")):
            out = f"{folder}/{number}.pcap"
            code, _, errors = replay(f"{FOLDER}/lossy-upload.pcap", "--seed", seed, "--out", out)
            assert code == 0 and not errors, errors
            with open(out, "rb") as file:
                digests[number] = hashlib.sha256(file.read()).hexdigest()
        assert digests[0] == digests[1] != digests[2], digests


def what_was_written_can_be_replayed():
    """The packets of a replay are a conversation like any other."""
    with tempfile.TemporaryDirectory() as folder:
        for name in captures(".pcap"):
            if name in NOT_REPLAYED:
                continue
            code, _, errors = replay(f"{FOLDER}/{name}", "--out", f"{folder}/{name}")
            assert code == 0 and not errors, (name, errors)
            _, first = replay_json(name)
            code, out, errors = replay(f"{folder}/{name}", "--json", "--as", "client")
            second = json.loads(out)
            assert code == 0 and not errors, (name, code, out, errors)
            bytes_of = [sorted((s["to_mstack"]["captured_sha256"],
                                s["from_mstack"]["captured_sha256"])
                               for s in report["streams"] if s["replayed"])
                        for report in (first, second)]
            swapped = sorted((there, here) for here, there in bytes_of[1])
            assert bytes_of[0] == swapped, (name, bytes_of)


def one_stream_can_be_chosen():
    _, whole = replay_json("http-parallel.pcap")
    for stream in whole["streams"]:
        code, report = replay_json("http-parallel.pcap", "--stream", str(stream["stream"]))
        assert code == 0 and report["streams"] == [stream], (report, stream)
    code, out, errors = replay(f"{FOLDER}/http-parallel.pcap", "--stream", "99")
    assert code == 1 and not out and len(errors) == 1, (code, out, errors)


def fails_with_one_line(path, word, *options):
    code, out, errors = replay(path, *options)
    assert code == 1 and len(errors) == 1 and not out, (path, code, out, errors)
    assert errors[0].startswith("mstack replay: ") and word in errors[0], errors
    assert os.path.basename(path) in errors[0], errors


def files_that_are_no_captures_are_refused():
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{FOLDER}/http-get-v4.pcap", "rb") as file:
            good = file.read()
        bad = {
            "empty": b"", "text": b"This is no capture at all, only some text.\n" * 10,
            "magic": b"\0\0\0\0" + good[4:], "short": good[:20],
            "wifi": good[:20] + struct.pack("<I", 105) + good[24:],
            "nothing": good[:24],
        }
        for name, data in bad.items():
            with open(f"{folder}/{name}", "wb") as file:
                file.write(data)
            fails_with_one_line(f"{folder}/{name}", {"wifi": "IEEE802_11"}.get(name, ""))
        fails_with_one_line(f"{folder}/missing", "No such file")
        fails_with_one_line(folder, "")
        code, out, errors = replay(f"{FOLDER}/http-get-v4.pcap", "--out", f"{folder}/no/file")
        assert code == 1 and len(errors) == 1 and not out, (code, out, errors)


def damaged_captures_do_no_harm():
    """Cut anywhere, or with bits changed: an exit code, at most one line, and JSON that parses."""
    with open(f"{FOLDER}/lossy-upload.pcap", "rb") as file:
        good = file.read()
    damaged = [good[:at] for at in range(25, len(good), len(good) // 25)]
    for number in range(60):
        copy = bytearray(good)
        for spot in range(1 + number % 4):
            at = int(hashlib.sha256(b"%d %d" % (number, spot)).hexdigest(), 16) % len(good)
            copy[at] ^= 1 << number % 8
        damaged.append(bytes(copy))
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/damaged.pcap"
        for data in damaged:
            with open(path, "wb") as file:
                file.write(data)
            code, out, errors = replay(path, "--json")
            assert code in (0, 1) and len(errors) <= 1, (code, errors)
            assert code == 1 or not errors, errors
            assert out or errors
            if out:
                check_counts(json.loads(out))


def a_full_disk_is_told():
    with open("/dev/full", "wb") as full:
        child = subprocess.run([mstack(), "replay", f"{FOLDER}/http-get-v4.pcap"], stdout=full,
                               stderr=subprocess.PIPE, timeout=60, check=False)
    assert child.returncode == 1 and child.stderr.count(b"\n") == 1, child


if __name__ == "__main__":
    run_tests([every_capture_is_delivered, the_table_says_the_same,
               what_went_wrong_goes_wrong_again,
               the_same_seed_gives_the_same_packets, what_was_written_can_be_replayed,
               one_stream_can_be_chosen, files_that_are_no_captures_are_refused,
               damaged_captures_do_no_harm, a_full_disk_is_told], at_once=2)
