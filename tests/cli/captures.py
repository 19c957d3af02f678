"""Cuts pcap files where it hurts."""

import struct

FILE_HEADER = 24
PACKET_HEADER = 16
_BYTE_ORDERS = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}


def packet_offsets(data):
    """Where each packet's header begins, and where the last packet ends."""
    order = _BYTE_ORDERS[data[:4]]
    offsets = [FILE_HEADER]
    while offsets[-1] < len(data):
        (captured,) = struct.unpack_from(f"{order}I", data, offsets[-1] + 8)
        offsets.append(offsets[-1] + PACKET_HEADER + captured)
    return offsets


def cuts(data):
    """[(what is cut, offset of the cut, whole packets before it)] for a capture of at least three packets."""
    offsets = packet_offsets(data)
    middle, last = len(offsets) // 2, len(offsets) - 2
    return [
        ("inside a packet header", offsets[middle] + 7, middle),
        ("after a packet header", offsets[middle] + PACKET_HEADER, middle),
        ("inside a packet", offsets[middle] + PACKET_HEADER + 20, middle),
        ("one byte before the end", offsets[-1] - 1, last),
    ]
