"""Thread sanitizer, by clang: over the unit tests that have threads, and over a sensor that is asked, scraped and reloaded."""

import tempfile

from commands import ROOT, build_problems, tally_problems, why_not as why_not_programs
from sanitized import HERE, units_problems, watched

PRESET = "tsan"
BUILD = ROOT / "build" / PRESET
UNITS = ("dataplane", "export", "pipeline", "dpdk-live")
# Not those that look at privileges: the sanitizer has a thread of its own, which takes no signals and so keeps them.
COMMANDS = ("reload", "page")
COMMANDS_TIMEOUT_S = 600
OPTIONS = {"TSAN_OPTIONS": f"second_deadlock_stack=1:suppressions={HERE}/threads.supp"}


def why_not():
    """Why this cannot run here, or None."""
    return why_not_programs("clang++", "cmake", "ninja")


def checks():
    """Pairs of a check's name and what is wrong."""
    programs = [f"mptap-{unit}-test" for unit in UNITS]
    problems = build_problems(PRESET, ["mptap", *programs])
    yield "the build", problems
    if problems:
        return
    with watched(OPTIONS) as (environment, reports):
        yield from units_problems([BUILD / "tests/unit" / program for program in programs], environment, reports)
        environment |= {"MPTAP": str(BUILD / "daemon/mptap")}
        for command in COMMANDS:
            problems = tally_problems([ROOT / "tests/cli/run", command], COMMANDS_TIMEOUT_S, env=environment)
            yield f"tests/cli/run {command}", reports() + problems
        with tempfile.TemporaryDirectory() as folder:
            problems = tally_problems([HERE / "busy", folder], COMMANDS_TIMEOUT_S, env=environment)
        yield "a sensor with two workers, all at once", reports() + problems
