"""Holds the tables of docs/record_format.md against the compiler, by a program of static_asserts.

A table of fields stands under a heading `## Type ...` and has the columns offset (in the record), size, field; the
table of kinds the columns value, kind.
"""

import os
import re
import shutil
import subprocess

DOCUMENT = "docs/record_format.md"
BODY_OFFSET = 16
HEADING = re.compile(r"^## `(\w+)`")
FIELD = re.compile(r"^\| (\d+) \| (\d+) \| `(\w+)` \|")
KIND = re.compile(r"^\| (\d+) \| `(k\w+)` \|")


def compiler():
    """The C++ compiler, or None."""
    return shutil.which(os.environ.get("CXX", "c++"))


def why_not():
    """Why this cannot be checked here, or None."""
    return None if compiler() else "no C++ compiler"


def tables(text):
    """{type: [(offset, size, field)]}, [(value, kind)]."""
    fields, kinds, heading = {}, [], None
    for line in text.splitlines():
        if match := HEADING.match(line):
            heading = match[1]
        if match := FIELD.match(line):
            fields.setdefault(heading, []).append((int(match[1]), int(match[2]), match[3]))
        elif match := KIND.match(line):
            kinds.append((int(match[1]), match[2]))
    return fields, kinds


def program(fields, kinds):
    """C++ that compiles only where the tables are right and leave no field or kind out."""
    lines = ["#include <utility>", '#include "dataplane/record.h"', "using namespace mptap;"]
    for name, rows in fields.items():
        start = 0 if name == "Record" else BODY_OFFSET
        for offset, size, field in rows:
            lines.append(f'static_assert(offsetof({name}, {field}) + {start} == {offset}, "offset of {name}::{field}");')
            lines.append(f'static_assert(sizeof({name}::{field}) == {size}, "size of {name}::{field}");')
        if name != "Record":
            names = ", ".join(f"f{i}" for i in range(len(rows)))
            lines.append(f"inline void all_of({name} body) {{ auto [{names}] = body; }}")
    for value, kind in kinds:
        lines.append(f'static_assert(static_cast<int>(RecordKind::{kind}) == {value}, "{kind}");')
    cases = " ".join(f"case RecordKind::{kind}:" for _, kind in kinds)
    lines.append(f"inline void all_kinds(RecordKind kind) {{ switch (kind) {{ {cases} return; }} }}")
    return "\n".join(lines) + "\n"


def bodies(root):
    """Names of the bodies that a record may hold."""
    return set(re.findall(r"^    (\w+Body) \w+;$", (root / "dataplane/record.h").read_text(), re.MULTILINE))


def problems(root):
    """What the document says and the compiler does not."""
    fields, kinds = tables((root / DOCUMENT).read_text())
    lacking = [f"{DOCUMENT} has no table of {name}" for name in sorted((bodies(root) | {"Record"}) - fields.keys())]
    command = [compiler(), "-std=c++20", "-fsyntax-only", "-Werror=switch", "-I", str(root), "-x", "c++", "-"]
    done = subprocess.run(command, input=program(fields, kinds), capture_output=True, text=True)
    return lacking + [line for line in done.stderr.splitlines() if "error" in line]
