"""MPTCP options of the captures, one of each subtype, low nibble, length, flags inside and flags of TCP."""

from option_bytes import headers_in


def options_of(tcp):
    """The options of kind 30, as long as the list can be walked."""
    at = 20
    while at + 1 < len(tcp) and tcp[at] != 0:
        length = 1 if tcp[at] == 1 else tcp[at + 1]
        if length == 0:
            return
        if tcp[at] == 30 and length >= 3:
            yield tcp[at : at + length]
        at += length


def seeds_of(captures):
    seen = set()
    for capture in captures:
        for tcp in headers_in(capture.read_bytes()):
            for option in options_of(tcp):
                kind = (tcp[13], option[2], len(option), option[3:4])
                if kind not in seen:
                    seen.add(kind)
                    yield bytes([tcp[13]]) + option
