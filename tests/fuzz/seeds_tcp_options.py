"""Option lists of the captures' segments that carry MPTCP."""

from option_bytes import headers_in


def seeds_of(captures):
    for capture in captures:
        for tcp in headers_in(capture.read_bytes()):
            yield tcp[20:]
