"""Captures that are broken, missing or none."""

import pathlib
import tempfile

from captures import FILE_HEADER, cuts, packet_offsets
from case import Case, problems_of
from mptap import rows
from report import differences

LOGS = ("mptcp_conn", "mptcp_subflow", "notice")
FIRST_FIELDS = ("orig_h", "orig_p", "resp_h", "resp_p", "state", "MP_ID", "note", "orig_bytes", "resp_bytes", "close")


def cases(folder, capture):
    """Cases whose files are made in `folder` from a whole `capture`."""
    data = capture.read_bytes()
    files = {
        "cut in the file header": data[: FILE_HEADER // 2],
        "cut in the magic number": data[:3],
        "text": b"This is not a capture.\n" * 100,
        "an ELF binary": pathlib.Path("/proc/self/exe").read_bytes()[:10_000],
        "an empty file": b"",
    }
    for name, content in files.items():
        path = folder / f"{name.replace(' ', '-')}.pcap"
        path.write_bytes(content)
        yield Case(name, ("read", path), 1, (path.name,))

    absent = folder / "absent.pcap"
    yield Case("a missing file", ("read", absent), 1, ("absent.pcap", "no such file"))
    yield Case("a whole capture, then a missing file", ("read", capture, absent), 1, ("absent.pcap", "no such file"))
    yield Case("a directory", ("read", folder), 1, (folder.name, "irectory"))
    unreadable = folder / "unreadable.pcap"
    unreadable.write_bytes(data)
    unreadable.chmod(0)
    yield Case("an unreadable file", ("read", unreadable), 1, ("unreadable.pcap", "ermission"), as_nobody=True)
    header_only = folder / "header-only.pcap"
    header_only.write_bytes(data[:FILE_HEADER])
    yield Case("a capture without packets", ("read", header_only), 0, lines=0)


def findings(folder, *captures):
    """The rows of all logs of reading `captures`, reduced to what does not depend on the run."""
    found = set()
    for log in LOGS:
        for row in rows(folder, log):
            found.add((log, *((name, row[name]) for name in FIRST_FIELDS if name in row)))
    return found


def cut_problems(capture):
    """Cuts `capture` in several places: the logs must hold what the whole packets before the cut hold."""
    data = capture.read_bytes()
    offsets = packet_offsets(data)
    for what, offset, whole in cuts(data):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "cut.pcap").write_bytes(data[:offset])
            (folder / "whole.pcap").write_bytes(data[: offsets[whole]])
            found = {}
            problems = []
            for kind, exit_code, says in (("cut", 1, ("cut.pcap", f"after packet {whole} ")), ("whole", 0, ())):
                arguments = ("read", "--log-dir", folder / kind, "--format", "json", folder / f"{kind}.pcap")
                problems += problems_of(Case(kind, arguments, exit_code, says, lines=len(says) and 1))
                found[kind] = findings(folder / kind)
            yield what, problems + differences(found["whole"], found["cut"], "finding")
