"""Finds MPTCP options in capture files, byte for byte, so that tests can alter copies of them."""

import dataclasses
import struct

LINK_BYTES = {1: 14, 101: 0, 113: 16, 276: 20}  # Ethernet, raw IP, SLL, SLL2
KIND_MPTCP = 30


@dataclasses.dataclass(frozen=True)
class Option:
    """One MPTCP option: where its first byte stands in the file, and what surrounds it."""

    offset: int
    data: bytes
    flags: int  # of TCP
    flow: tuple  # source and destination, address and port, as bytes

    @property
    def subtype(self):
        """RFC 8684 section 8.2; None where the option is too short to have one."""
        return self.data[2] >> 4 if len(self.data) > 2 else None

    @property
    def version(self):
        """Of an MP_CAPABLE."""
        return self.data[2] & 0x0F

    @property
    def step(self):
        """Part of a handshake."""
        return {0x02: "syn", 0x12: "syn_ack"}.get(self.flags & 0x12, "ack")


def _pcap_frames(data):
    endian = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    link = struct.unpack_from(endian + "I", data, 20)[0] & 0xFFFF
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack_from(endian + "I", data, at + 8)[0]
        yield link, at + 16, size
        at += 16 + size


def _pcapng_frames(data):
    endian, links, at = "<", [], 0
    while at + 12 <= len(data):
        if data[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            endian = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            links = []
        kind, length = struct.unpack_from(endian + "II", data, at)
        if kind == 1:
            links.append(struct.unpack_from(endian + "H", data, at + 8)[0])
        elif kind == 6:
            interface = struct.unpack_from(endian + "I", data, at + 8)[0]
            yield links[interface], at + 28, struct.unpack_from(endian + "I", data, at + 20)[0]
        at += length


def _tcp_of(data, link, at):
    """(offset of the TCP header, addresses) of a frame without tags or tunnels; None for anything else."""
    ip = at + LINK_BYTES.get(link, 0)
    if data[ip] >> 4 == 4 and data[ip + 9] == 6:
        return ip + (data[ip] & 0x0F) * 4, (data[ip + 12 : ip + 16], data[ip + 16 : ip + 20])
    if data[ip] >> 4 == 6 and data[ip + 6] == 6:
        return ip + 40, (data[ip + 8 : ip + 24], data[ip + 24 : ip + 40])
    return None


def frames_in(data):
    """(link type, offset, size) of each frame of a capture file's bytes, in order."""
    return _pcapng_frames(data) if data[:4] == b"\x0a\x0d\x0d\x0a" else _pcap_frames(data)


def options_in(data):
    """All MPTCP options of a capture file's bytes, in order."""
    for link, start, size in frames_in(data):
        found = _tcp_of(data, link, start) if size > 54 else None
        if not found:
            continue
        tcp, (source, destination) = found
        end = min(tcp + (data[tcp + 12] >> 4) * 4, start + size)
        flow = (source, data[tcp : tcp + 2], destination, data[tcp + 2 : tcp + 4])
        at = tcp + 20
        while at < end and data[at] != 0:
            length = 1 if data[at] == 1 else data[at + 1]
            if length == 0 or (length == 1 and data[at] != 1):
                break  # malformed: what follows cannot be told
            if data[at] == KIND_MPTCP:
                yield Option(at, bytes(data[at : at + length]), data[tcp + 13], flow)
            at += length


def headers_in(data):
    """The TCP header, with its options, of each frame without tags or tunnels that holds all of it; in order."""
    for link, start, size in frames_in(data):
        found = _tcp_of(data, link, start) if size > 54 else None
        if found:
            tcp, end = found[0], start + size
            header = (data[tcp + 12] >> 4) * 4 if tcp + 20 <= end else 0
            if header >= 20 and tcp + header <= end:
                yield data[tcp : tcp + header]
