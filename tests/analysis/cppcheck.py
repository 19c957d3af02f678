"""cppcheck over all that is shipped: errors, warnings, performance and portability. What is silenced stands in the source, with its reason."""

import re

from commands import CORES, ROOT, last_words, run, why_not as why_not_programs
from layers import LAYERS, silenced_without_reason, sources

TIMEOUT_S = 900
FINDING = re.compile(r"^\S+:\d+:\d*:? ?(?:error|warning|performance|portability): ")
REASONED = re.compile(r"cppcheck-suppress(?:-\w+)? \w+ ; \w")


def why_not():
    """Why this cannot run here, or None."""
    return why_not_programs("cppcheck")


def checks():
    """Pairs of a check's name and what is wrong."""
    command = ["cppcheck", "--quiet", "--language=c++", "--std=c++20", "--enable=warning,performance,portability", "--inline-suppr",
               "--library=posix", "--max-configs=1", "-j", str(CORES), "-I", ".", "--error-exitcode=1",
               "--template={file}:{line}:{column}: {severity}: {message} [{id}]", *(path.relative_to(ROOT) for path in sources(".cc"))]
    done = run(command, TIMEOUT_S)
    found = [line for line in done.stdout.splitlines() if FINDING.match(line)]
    yield f"{', '.join(LAYERS)}", found or ([] if done.returncode == 0 else last_words(command[:4], done))
    yield "what is silenced has a reason", silenced_without_reason("cppcheck-suppress", REASONED, "// cppcheck-suppress id ; reason")
