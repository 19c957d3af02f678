"""Address and undefined behaviour sanitizers, with leaks, by clang: over all unit tests, and over the commands with every capture."""

from commands import ROOT, build_problems, tally_problems, why_not as why_not_programs
from sanitized import unit_problems, units_problems, watched

PRESET = "asan"
BUILD = ROOT / "build" / PRESET
UNITS = ("dataplane", "detect", "config", "export", "pcap", "dpdk-plan", "dpdk-cards", "dpdk-live", "pipeline", "doctor")
OPTIONS = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:check_initialization_order=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}
WITH_KEYS = ("mptap-dataplane-test", "mptap-detect-test")
COMMANDS_TIMEOUT_S = 1800


def why_not():
    """Why this cannot run here, or None."""
    return why_not_programs("clang++", "cmake", "ninja")


def checks():
    """Pairs of a check's name and what is wrong."""
    programs = [f"mptap-{unit}-test" for unit in UNITS]
    problems = build_problems(PRESET, ["mptap", "mptap-generate", "mptap-crypto-selftest", "mptap-metrics-of", *programs])
    yield "clang compiles the tree without a warning", problems
    if problems:
        return
    with watched(OPTIONS) as (environment, reports):
        yield from units_problems([BUILD / "tests/unit" / program for program in programs], environment, reports, ["~[keys]"])
        # These search the heap, where that option puts what stood on the stack.
        real_stack = environment | {"ASAN_OPTIONS": environment["ASAN_OPTIONS"].replace("after_return=1", "after_return=0")}
        for program in WITH_KEYS:
            yield f"{program} [keys]", unit_problems(BUILD / "tests/unit" / program, real_stack, reports, ["[keys]"])
        yield "mptap-crypto-selftest", unit_problems(BUILD / "tests/support/mptap-crypto-selftest", environment, reports)
        programs = {"MPTAP": BUILD / "daemon/mptap", "MPTAP_METRICS_OF": BUILD / "tests/metrics_of/mptap-metrics-of"}
        environment |= {name: str(path) for name, path in programs.items()}
        problems = tally_problems([ROOT / "tests/cli/run"], COMMANDS_TIMEOUT_S, env=environment)
        yield "tests/cli/run: every command and capture", reports() + problems
