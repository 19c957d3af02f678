"""Cuts capture files where it hurts."""

import struct

FILE_HEADER = 24  # of pcap; pcapng's first block is longer
_PCAP_ORDERS = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}
_PCAPNG_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_ENHANCED_PACKET = 6


def packet_offsets(data):
    """Where each packet's header begins, and where the last packet ends."""
    offsets = _pcap_packets(data) if data[:4] in _PCAP_ORDERS else _pcapng_packets(data)
    return [start for start, _ in offsets] + [offsets[-1][1]]


def write_beginning(capture, packets, path):
    """Writes the first packets of a capture file to another."""
    data = capture.read_bytes()
    path.write_bytes(data[: packet_offsets(data)[packets]])
    return path


def _pcap_packets(data):
    order = _PCAP_ORDERS[data[:4]]
    packets, start = [], FILE_HEADER
    while start < len(data):
        (captured,) = struct.unpack_from(f"{order}I", data, start + 8)
        packets.append((start, start + 16 + captured))
        start = packets[-1][1]
    return packets


def _pcapng_packets(data):
    order = _PCAPNG_ORDERS[data[8:12]]
    packets, start = [], 0
    while start < len(data):
        kind, length = struct.unpack_from(f"{order}II", data, start)
        if kind == _ENHANCED_PACKET:
            packets.append((start, start + length))
        start += length
    return packets


def cuts(data):
    """[(what is cut, offset of the cut, whole packets before it)] for a capture of at least three packets."""
    offsets = packet_offsets(data)
    middle, last = len(offsets) // 2, len(offsets) - 2
    return [
        ("inside a packet header", offsets[middle] + 7, middle),
        ("after a packet header", offsets[middle] + 16, middle),
        ("inside a packet", offsets[middle] + 20, middle),
        ("one byte before the end", offsets[-1] - 1, last),
    ]
