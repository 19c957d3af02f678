"""What the benchmarks share: pairs of runs, medians, captures' packet counts."""
import statistics
import struct
import sys


class Failed(Exception):
    """A program under measurement did not do what it was to do."""


def count_packets(path):
    """Packets of a classic pcap file, and the longest one's bytes."""
    packets = longest = 0
    with open(path, "rb") as file:
        magic = file.read(4)
        order = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<"}.get(magic, ">")
        if order == ">" and magic not in (b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d"):
            raise Failed(f"{path}: is no pcap file (pcapng: editcap -F pcap IN OUT)")
        file.seek(24)
        while len(header := file.read(16)) == 16:
            captured = struct.unpack(order + "IIII", header)[2]
            file.seek(captured, 1)
            packets += 1
            longest = max(longest, captured)
    return packets, longest


def run_pairs(pairs, first, second, report=print):
    """Runs A B A B ..., so that what else the machine does hits both; returns both lists of results."""
    results = ([], [])
    for pair in range(pairs):
        for measure, found in zip((first, second), results):
            found.append(measure())
        report(f"  pair {pair + 1}: {results[0][-1]:.6g} {results[1][-1]:.6g}", flush=True)
    return results


def spread(values):
    """Median and range in one phrase."""
    return f"{statistics.median(values):.4g} ({min(values):.4g} to {max(values):.4g})"


def main(run):
    """Runs a benchmark's main function; its failures become one line and exit 1."""
    try:
        sys.exit(run())
    except Failed as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
