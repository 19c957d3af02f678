"""clang-tidy over all that is shipped, with the checks of .clang-tidy. What is silenced stands in the source, with its reason."""

import concurrent.futures
import json
import re

from commands import CORES, ROOT, build_problems, last_words, run, why_not as why_not_programs
from layers import LAYERS, silenced_without_reason, sources

PRESET = "asan"  # clang's own build: its commands are understood as they are
BUILD = ROOT / "build" / PRESET
FILES_AT_A_TIME = 8
TIMEOUT_S = 1200
FINDING = re.compile(r"^\S+:\d+:\d+: (?:error|warning): ")
REASONED = re.compile(r"NOLINT(?:NEXTLINE)?\([\w,-]+\): \w")


def why_not():
    """Why this cannot run here, or None."""
    return why_not_programs("clang-tidy", "clang++", "cmake", "ninja")


def compiled():
    """The sources that the build compiles."""
    commands = json.loads((BUILD / "compile_commands.json").read_text(encoding="utf-8"))
    return {command["file"] for command in commands}


def findings(files):
    """What is wrong in these files."""
    command = ["clang-tidy", "--quiet", "-p", str(BUILD), *files]
    done = run(command, TIMEOUT_S)
    found = [line for line in done.stdout.splitlines() if FINDING.match(line)]
    return found or ([] if done.returncode == 0 else last_words(command[:4], done))


def checks():
    """Pairs of a check's name and what is wrong."""
    problems = build_problems(PRESET, ["mptap"])  # headers that are made by building
    known = set() if problems else compiled()
    files = sorted(str(path) for path in sources(".cc") if str(path) in known)
    groups = [files[at:at + FILES_AT_A_TIME] for at in range(0, len(files), FILES_AT_A_TIME)]
    with concurrent.futures.ThreadPoolExecutor(CORES) as pool:
        found = {line for lines in pool.map(findings, groups) for line in lines}
    yield f"{', '.join(LAYERS)}: {len(files)} files", problems or sorted(found) or ([] if files else ["no file was checked"])
    yield "what is silenced has a reason", silenced_without_reason("NOLINT", REASONED, "// NOLINT(check): reason")
