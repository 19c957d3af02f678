"""Frames of the captures, few of each folder and length, without most of their payload."""

from option_bytes import frames_in

LINKS = {1: 0, 113: 1, 276: 2, 101: 3}  # LinkType's numbers
LONGEST = 400


def named_seeds():
    """What the short cut for plain frames must leave alone, or take as the walk does."""
    tcp = bytes.fromhex("0400005000000001000000005002000000000000")
    v4 = bytearray(bytes(12) + bytes.fromhex("080045000028000140004006000000000a0000010a000002")) + tcp
    v6 = bytearray(bytes(12) + bytes.fromhex("86dd60000000001406400000")[:10] + bytes(32)) + tcp
    v6[22:24] = v6[38:40] = b"\x20\x01"
    kinds = {
        "v4": (v4, {}),
        "v4-first-fragment": (v4, {20: 0x20}),
        "v4-later-fragment": (v4, {21: 0x01}),
        "v4-options": (v4, {14: 0x46}),
        "v4-no-length": (v4, {16: 0, 17: 0}),
        "v4-short-length": (v4, {17: 0x13}),
        "v4-long-length": (v4, {16: 0x01}),
        "v4-udp": (v4, {23: 17}),
        "v4-header-too-short": (v4, {14: 0x44}),
        "v6": (v6, {}),
        "v6-no-length": (v6, {19: 0}),
        "v6-long-length": (v6, {18: 0x01}),
        "v6-traffic-class": (v6, {14: 0x6F}),
        "v6-hop-by-hop": (v6, {20: 0}),
        "v6-mapped": (v6, {22: 0, 23: 0, 32: 0xFF, 33: 0xFF}),
    }
    for name, (frame, changes) in kinds.items():
        changed = bytearray(frame)
        for offset, value in changes.items():
            changed[offset] = value
        yield name, bytes((0, 4, 0, 0, 0, 0, 0, 60)) + bytes(changed)
        yield f"{name}-beyond", bytes((0, 4, 0, 0, 1, 0, 0, 40)) + bytes(changed)


def seeds_of(captures):
    seen = set()
    for capture in captures:
        data = capture.read_bytes()
        for link, start, size in frames_in(data):
            frame = data[start : start + min(size, LONGEST)]
            kind = (capture.parent.name, link, size // 16)
            if link in LINKS and kind not in seen:
                seen.add(kind)
                for choices in (0, 8 | 16):
                    yield bytes([LINKS[link] | choices, 4, 0, 0, 0, 0, 0, min(size // 2, 255)]) + frame
