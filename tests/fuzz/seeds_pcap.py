"""The first packets of each shipped capture: as they are, in the other forms that pcap has, as pcapng, and broken off."""

import gzip
import struct

PACKETS = 4
MOST_BYTES = 96  # of a packet


def _packets(data):
    """(seconds, microseconds, length on the wire, bytes) of the first packets of a little-endian capture."""
    at = 24
    for _ in range(PACKETS):
        if at + 16 > len(data):
            return
        seconds, fraction, captured, wire = struct.unpack_from("<IIII", data, at)
        yield seconds, fraction, wire, data[at + 16 : at + 16 + min(captured, MOST_BYTES)]
        at += 16 + captured


def _pcap(magic, order, link, packets):
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262_144, link)
    for seconds, fraction, wire, frame in packets:
        out += struct.pack(order + "IIII", seconds, fraction, len(frame), wire) + frame
    return out


def _block(kind, body):
    body += bytes(-len(body) % 4)
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def _pcapng(link, packets):
    out = _block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += _block(1, struct.pack("<HHI", link, 0, 262_144) + struct.pack("<HHB3xI", 9, 1, 9, 0))
    for seconds, fraction, wire, frame in packets:
        time_ns = seconds * 10**9 + fraction * 1000
        out += _block(6, struct.pack("<IIIII", 0, time_ns >> 32, time_ns & 0xFFFFFFFF, len(frame), wire) + frame)
    return out


def seeds_of(captures):
    for capture in captures:
        data = capture.read_bytes()
        if data[:4] != b"\xd4\xc3\xb2\xa1":
            yield data[:1000]
            continue
        link = struct.unpack_from("<I", data, 20)[0]
        packets = list(_packets(data))
        whole = _pcap(0xA1B2C3D4, "<", link, packets)
        yield whole
        yield _pcap(0xA1B23C4D, ">", link, packets)
        yield _pcapng(link, packets)
        yield whole[:-5]
        yield gzip.compress(whole, mtime=0)
    for link in (0, 108, 12, 228, 229, 147):  # BSD loopback, raw, IPv4, IPv6, and one that is not read
        yield _pcap(0xA1B2C3D4, "<", link, [(1, 2, 44, b"\x02\0\0\0" + bytes([0x45]) + bytes(39))])
    for magic in (b"\x28\xb5\x2f\xfd", b"\xfd7zX\0", b"BZh9", b"\x04\x22\x4d\x18"):
        yield magic + bytes(40)
