"""What is shipped, and what is silenced in it."""

from commands import ROOT

LAYERS = ("dataplane", "detect", "config", "daemon")


def sources(*suffixes):
    """Files of the layers; benchmarks are not shipped."""
    found = [path for layer in LAYERS for suffix in suffixes for path in (ROOT / layer).rglob(f"*{suffix}")]
    return sorted(path for path in found if not path.name.endswith("_bench.cc"))


def silenced_without_reason(word, reasoned, wanted):
    """Sentences on lines that hold `word` but are not `reasoned` (a pattern)."""
    return [
        f"{path.relative_to(ROOT)}:{number}: say {wanted}"
        for path in sources(".cc", ".h")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if word in line and not reasoned.search(line)
    ]
