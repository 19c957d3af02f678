"""The sums in the documents are those that tests hold."""

import re

from equations import EQUATIONS, section

DOCUMENT = "docs/metrics.md"
SHORT = "docs/architecture.md"  # says them without the metrics' prefix and suffix
SUM = re.compile(r"^    (\w+ += .*(?:\n      .*)*)", re.MULTILINE)


def _short(name):
    return name.removeprefix("mptap_").removesuffix("_total")


def document_problems(root):
    """Sums that the document leaves out, or has beside them."""
    text = (root / DOCUMENT).read_text()
    if section() not in text:
        return [f"{DOCUMENT} has other sums than tests/harness/equations.py prints: put those into daemon/export/docs.cc"]
    beside = [line.strip() for line in text.replace(section(), "").splitlines() if re.match(r"    .* <?= ", line)]
    return [f"{DOCUMENT} has a sum that nothing holds: {line}" for line in beside]


def short_problems(root):
    """Sums of the architecture that nothing holds."""
    known = {tuple(_short(word) for word in equation.text.split()) for equation in EQUATIONS}
    found = [tuple(text.split()) for text in SUM.findall((root / SHORT).read_text())]
    problems = [f"{SHORT}: nothing holds {' '.join(words)}" for words in found if words not in known]
    return problems if found else [f"{SHORT} has no sums"]
