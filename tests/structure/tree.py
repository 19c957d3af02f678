"""The files of the project, without what builds leave behind."""

TOP_LEVEL = ("dataplane", "detect", "config", "daemon", "deploy", "tests", "docs")
SOURCES = (".h", ".cc")


def files(root, *suffixes, under=TOP_LEVEL):
    """Paths relative to `root`, as text, sorted; all suffixes where none is named."""
    found = []
    for folder in under:
        for path in (root / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts and (not suffixes or path.suffix in suffixes):
                found.append(str(path.relative_to(root)))
    return sorted(found)
