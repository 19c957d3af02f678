"""The sample configurations, those of the documents, and one for each setting with its default."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _nested(path, value):
    """A setting with the groups it stands in, as YAML."""
    lines, indent = "", ""
    for word in path.split("."):
        lines += f"{indent}{word}:" + "\n"
        indent += "  "
    return lines[:-1] + f" {value}\n"


def seeds_of(_captures):
    for sample in sorted((ROOT / "deploy/samples").glob("*.yaml")):
        text = sample.read_text()
        yield text.encode()
        yield re.sub(r"^#(?=\S)", "", text, flags=re.MULTILINE).encode()  # what it proposes
    document = (ROOT / "docs/configuration.md").read_text()
    for block in re.findall(r"```yaml\n(.*?)```", document, re.DOTALL):
        yield block.encode()
    for path, default in re.findall(r"^\| `([a-z_0-9.]+)` \|.*?\| *(?:default )?`([^`]+)`", document, re.MULTILINE):
        yield _nested(path, default).encode()
