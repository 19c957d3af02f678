"""Every detector on a shipped capture that it is right to tell of: as it is, switched off, tuned, with another severity."""

import collections
import json
import pathlib
import re
import subprocess

from mptap import BINARY, ROOT, rows

CAPTURES = ROOT / "tests/captures"
SEVERITIES = ("info", "low", "medium", "high")
STAGES = {"join_flood": ("join_flood", "join_flood_status", "join_flood_end")}
COMMON = {"enabled", "severity", "suppress"}
TUNED_ELSEWHERE = {"malformed_option", "add_addr_hmac"}  # reload.py; tests/inline, for it is of inline ports

# (detector, its settings, capture, how many notices of it are left): what a user tunes shows.
TUNED = (
    ("duplicate_add_addr", "repeats: false", "repeated-add-addr", 0),
    ("address_id_exhaustion", "threshold: 255", "corpus-address-id-exhaustion", 0),
    ("join_hmac", "suppress: 7d", "wrong-hmac", 2),  # of four
    ("token_guessing", "threshold: 1000", "corpus-token-guessing", 0),
    ("join_flood", "threshold: 5000, known_token_threshold: 5000", "join-flood", 0),
    ("join_flood", "known_token_threshold: 5000", "corpus-join-flood-known", 0),
    ("join_flood", "interval: 100ms", "join-flood", 0),
    ("half_open_join", "grace: 1h", "corpus-half-open-join", 0),
    ("premature_join", "grace: 1h", "corpus-premature-join", 0),
    ("join_to_removed", "grace: 1h", "corpus-join-to-removed", 0),
    ("fallback_burst", "threshold: 100", "corpus-fallback-burst", 0),
    ("fallback_burst", "interval: 100ms", "corpus-fallback-burst", 0),
    ("remove_addr_abuse", "grace: 1h", "corpus-remove-addr-data", 0),
    ("remove_addr_abuse", "mass: 255", "corpus-remove-addr-mass", 0),
    ("cross_path_scatter", "subflows: 64", "corpus-cross-path-scatter", 0),
    ("cross_path_scatter", "mappings: 1000", "corpus-cross-path-scatter", 0),
)


def settings():
    """{detector: its settings}, as mptap prints them."""
    done = subprocess.run([BINARY, "print-config", "--defaults"], check=True, capture_output=True, text=True)
    found, section = collections.defaultdict(set), ""
    for line in done.stdout.splitlines():
        if match := re.match(r"(\w+):", line):
            section, detector = match[1], ""
        elif section == "detectors" and (match := re.match(r"  (\w+):$", line)):
            detector = match[1]
        elif section == "detectors" and (match := re.match(r"    (\w+):", line)):
            found[detector].add(match[1])
    return dict(found)


def captures_of():
    """{note: the captures whose truth tells of it}; the corpus's come first."""
    found = collections.defaultdict(list)
    for truth in sorted(CAPTURES.glob("*/truth.json"), key=lambda path: (not path.parent.name.startswith("corpus-"), path)):
        for entry in json.loads(truth.read_text())["notices"]:
            found[entry["note"]].append((truth.parent.name, entry["count"]))
    return found


class Reading:
    """`mptap read --config` of captures, in a folder of its own."""

    def __init__(self, folder):
        self._folder = pathlib.Path(folder) / "detectors"
        self._folder.mkdir()
        self._runs = 0

    def notices(self, capture, detector="", wanted=""):
        """Notices of a shipped capture, with these settings of one detector."""
        self._runs += 1
        config, logs = self._folder / f"{self._runs}.yaml", self._folder / str(self._runs)
        config.write_text(f"detectors:\n  {detector}: {{{wanted}}}\n" if detector else "")
        command = [BINARY, "read", "--config", config, "--format", "json", "--log-dir", logs]
        command.append(CAPTURES / capture / "capture.pcap")
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return rows(logs, "notice")

    def problems_of(self, detector, capture, expected):
        """What is wrong with a detector's switch and severity, on a capture of so many notices of it."""
        notes = STAGES.get(detector, (detector,))

        def told(notices):
            own = [row for row in notices if row["note"] in notes]
            return own, [row for row in notices if row["note"] not in notes]

        normal, others = told(self.notices(capture))
        if sum(row["note"] == detector for row in normal) != expected:
            yield f"{len(normal)} notices instead of {expected}"
        off, still = told(self.notices(capture, detector, "enabled: false"))
        if off:
            yield f"switched off it tells {len(off)} notices"
        if still != others:
            yield f"switched off, other detectors tell {len(still)} notices instead of {len(others)}"
        for severity in SEVERITIES:
            own, _ = told(self.notices(capture, detector, f"severity: {severity}"))
            if len(own) != len(normal) or any(row["severity"] != severity for row in own):
                yield f"severity: {severity} gives {[row['severity'] for row in own]}"


def checks(folder):
    """Pairs of a check's name and what is wrong."""
    reading, by_note = Reading(folder), captures_of()
    known = settings()
    yield "there are detectors", [] if len(known) > 20 else [f"mptap print-config names {sorted(known)}"]
    for detector in known:
        if not by_note[detector]:
            yield f"{detector}: switched off, another severity", ["no shipped capture has it in its truth"]
            continue
        capture, expected = by_note[detector][0]
        yield f"{detector}: switched off, another severity", list(reading.problems_of(detector, capture, expected))
        if known[detector] - COMMON and detector not in {row[0] for row in TUNED} | TUNED_ELSEWHERE:
            yield f"{detector}: tuned", ["it has settings, and TUNED has no row of it"]
    for detector, wanted, capture, expected in TUNED:
        found = sum(row["note"] == detector for row in reading.notices(capture, detector, wanted))
        yield f"{detector}: {wanted}", [] if found == expected else [f"{found} notices instead of {expected}"]
