"""Searches the memory of a running process, as root, for numbers of eight bytes at any place."""

import array
import dataclasses
import os
import pathlib
import struct

PAGE = os.sysconf("SC_PAGE_SIZE")
PRESENT_OR_SWAPPED = 0b11 << 62  # of an entry of /proc/PID/pagemap
CHUNK_PAGES = 4096


@dataclasses.dataclass(frozen=True)
class Mapping:
    """One line of /proc/PID/maps."""

    start: int
    end: int
    permissions: str
    name: str


def mappings(pid):
    """All of a process."""
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        where, permissions, _, _, _, *name = line.split(maxsplit=5)
        start, end = (int(address, 16) for address in where.split("-"))
        yield Mapping(start, end, permissions, name[0] if name else "")


def forms(number):
    """How eight bytes may lie in memory: as on the wire, as a word of this machine, as two words, the high one first."""
    high, low = number >> 32, number & 0xFFFFFFFF
    return {struct.pack(">Q", number), struct.pack("<Q", number), struct.pack("<II", high, low)}


class Memory:
    """The writable memory of a process; `skipped` tells by a Mapping what is not looked at."""

    def __init__(self, pid, skipped=lambda mapping: False):
        self._pid = pid
        self._skipped = skipped
        self.looked_at = 0  # bytes
        self.left_out = {}  # {name of a mapping: bytes}

    def holders(self, keys):
        """{where it lies} of each of `keys`, numbers, that is there."""
        wanted = {struct.unpack("=Q", form)[0]: key for key in keys for form in forms(key)}
        numbers, found = set(wanted), {}
        for mapping, address, data in self._touched():
            for shift in range(8):
                words = array.array("Q", data[shift : shift + (len(data) - shift) // 8 * 8])
                for word in numbers.intersection(words):
                    at = data.find(struct.pack("=Q", word))
                    found.setdefault(wanted[word], set()).add(f"{mapping.name or 'memory'} at {address + at:#x}")
        return found

    def _touched(self):
        """(mapping, address, bytes) of runs of pages that were ever written."""
        with open(f"/proc/{self._pid}/mem", "rb", buffering=0) as memory, open(f"/proc/{self._pid}/pagemap", "rb") as pagemap:
            for mapping in mappings(self._pid):
                if not mapping.permissions.startswith("rw"):
                    continue
                if self._skipped(mapping):
                    self.left_out[mapping.name] = self.left_out.get(mapping.name, 0) + mapping.end - mapping.start
                    continue
                pagemap.seek(mapping.start // PAGE * 8)
                entries = array.array("Q", pagemap.read((mapping.end - mapping.start) // PAGE * 8))
                for first, count in _runs(entries):
                    address = mapping.start + first * PAGE
                    memory.seek(address)
                    data = memory.read(count * PAGE)
                    self.looked_at += len(data)
                    yield mapping, address, data


def _runs(entries):
    """(first, count) of neighbouring pages that hold something, at most CHUNK_PAGES each."""
    first = None
    for number, entry in enumerate(entries):
        if entry & PRESENT_OR_SWAPPED and first is None:
            first = number
        if first is not None and (not entry & PRESENT_OR_SWAPPED or number - first == CHUNK_PAGES):
            yield first, number - first
            first = number if entry & PRESENT_OR_SWAPPED else None
    if first is not None:
        yield first, len(entries) - first
