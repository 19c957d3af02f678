"""What unit tests and commands reach of dataplane/ and detect/, by gcovr: below the limits, a test is missing."""

import contextlib
import json
import os
import pathlib
import tempfile

from commands import CORES, ROOT, last_words, run, tally_problems, why_not as why_not_programs
from sanitized import HERE, SKIPPED, UNIT_TIMEOUT_S

BUILD = ROOT / "build/coverage"
BUILD_TIMEOUT_S = 1800
UNITS = ("dataplane", "detect", "pcap", "dpdk-plan", "dpdk-cards", "dpdk-live", "pipeline")
LAYERS = ("dataplane", "detect")
LINES_PERCENT = 95
BRANCHES_PERCENT = 85
GCOVR_TIMEOUT_S = 600
COMMANDS_TIMEOUT_S = 1200
SHOWN_FILES = 12


def why_not():
    """Why this cannot run here, or None."""
    return why_not_programs("g++", "gcov", "gcovr", "meson", "ninja")


def measured(folder):
    """gcovr's summary, or sentences on why there is none. Branches that only an exception takes are left out."""
    summary, report = folder / "summary.json", BUILD / "coverage.txt"
    command = ["gcovr", "--root", ROOT, "--object-directory", BUILD, "-j", str(CORES), *(f"--filter={layer}/" for layer in LAYERS),
               "--exclude=.*_bench\\.cc", "--exclude-throw-branches", "--exclude-unreachable-branches",
               "--json-summary", summary, "--txt", report, *(BUILD / part for part in ("dataplane", "detect", "daemon", "tests/unit"))]
    done = run(command, GCOVR_TIMEOUT_S)
    if done.returncode != 0:
        return None, last_words(command[:1], done)
    return json.loads(summary.read_text()), []


def short_problems(summary, kind, limit):
    """Where too little is reached: the files that lack most, first."""
    percent = 100 * summary[f"{kind}_covered"] / summary[f"{kind}_total"]
    print(f"coverage: {percent:.1f} percent of {summary[f'{kind}_total']}, {limit} are wanted; build/coverage/coverage.txt has each file")
    if percent >= limit:
        return []
    lacks = sorted(((file[f"{kind}_total"] - file[f"{kind}_covered"], file["filename"]) for file in summary["files"]), reverse=True)
    return [f"{percent:.1f} percent instead of {limit}", *(f"{path} lacks {count}" for count, path in lacks[:SHOWN_FILES])]


@contextlib.contextmanager
def open_to_all():
    """Tests run commands as other users, too, who must be able to write their counts."""
    for folder in (BUILD, *(path for path in BUILD.rglob("*") if path.is_dir())):
        folder.chmod(0o777)
    mask = os.umask(0)
    try:
        yield
    finally:
        os.umask(mask)


def checks():
    """Pairs of a check's name and what is wrong."""
    programs = [f"mptap-{unit}-test" for unit in UNITS]
    built = run([HERE / "counting_build"], BUILD_TIMEOUT_S)
    if built.returncode != 0:
        yield "the build", last_words(["tests/analysis/counting_build"], built)
        return
    for counters in BUILD.rglob("*.gcda"):
        counters.unlink()
    environment = os.environ | {"MPTAP": str(BUILD / "daemon/mptap"), "MPTAP_METRICS_OF": str(BUILD / "tests/metrics_of/mptap-metrics-of")}
    with open_to_all():
        for program in programs:
            done = run([BUILD / "tests/unit" / program], UNIT_TIMEOUT_S)
            if done.returncode not in (0, SKIPPED):
                yield program, last_words([program], done)
                return
        if problems := tally_problems([ROOT / "tests/cli/run"], COMMANDS_TIMEOUT_S, env=environment):
            yield "tests/cli/run", problems
            return
    with tempfile.TemporaryDirectory() as name:
        summary, problems = measured(pathlib.Path(name))
    if summary is None:
        yield "gcovr", problems
        return
    yield "lines", short_problems(summary, "line", LINES_PERCENT)
    yield "branches", short_problems(summary, "branch", BRANCHES_PERCENT)
