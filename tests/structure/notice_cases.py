"""Every notice has a unit test in which it fires, for each of its causes, and one in which it stays silent.

Those tests are rows of tests/unit (detector_cases.h): {"what is played", "note", "cause", how often it fires, ...}.
Notes and causes are those of the table in docs/detections.md, and the table must have every detector.
"""

import re

import tree

DETECTOR = re.compile(r"\bX\((\w+), \w+Options,")
CASE = re.compile(r'\{\s*"(?:[^"\\]|\\.)*",\s*"(\w+)",\s*"(\w*)",\s*(\d+),')
LINE = re.compile(r"^\| \[`(\w+)`\]\(#\w+\) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)
WORD = re.compile(r"`(\w+)`")


def detectors(root):
    """The names of all detectors, as the program has them."""
    return DETECTOR.findall((root / "detect/detector_options.h").read_text())


def documented(root):
    """{note: causes} of docs/detections.md; stages of what a detector tells stand beside its severity."""
    notes = {}
    for detector, severity, causes in LINE.findall((root / "docs/detections.md").read_text()):
        notes[detector] = set(WORD.findall(causes))
        notes |= {stage: set() for stage in WORD.findall(severity)}
    return notes


def cases(root):
    """{(note, cause, whether it fires)}"""
    found = set()
    for path in tree.files(root, ".cc", under=("tests/unit",)):
        found |= {(note, cause, int(count) > 0) for note, cause, count in CASE.findall((root / path).read_text())}
    return found


def problems(root):
    """What has no case, and what has a case and is not known."""
    known, found, names = documented(root), cases(root), detectors(root)
    lacking = [f"the table of docs/detections.md lacks {name}" for name in names if name not in known]
    for note, causes in known.items():
        if not any(case[0] == note and case[2] for case in found):
            lacking.append(f"{note}: no case makes it fire")
        if not any(case[0] == note and not case[2] for case in found):
            lacking.append(f"{note}: no case in which it stays silent")
        lacking += [f"{note}: no case makes it fire by {cause}" for cause in causes if (note, cause, True) not in found]
    lacking += [f"{note}: there are cases, and no such notice" for note in sorted({case[0] for case in found} - set(known))]
    return lacking if names else ["detect/detector_options.h: no detector was found"]
