"""The bill of materials that deploy/sbom writes: valid SPDX 2.3, and nothing that the process loads is missing."""

import functools
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

from mptap import BINARY, ROOT

SBOM = ROOT / "deploy/sbom"
START_S = 20
ANY = r".+"
ID = r"SPDXRef-[A-Za-z0-9.-]+$"
WORD = r"(?:LicenseRef-)?[A-Za-z0-9.-]+"
EXPRESSION = rf"(?:NOASSERTION|\(?{WORD}\)?(?: (?:AND|OR) \(?{WORD}\)?)*)$"
# Members that SPDX 2.3 demands (its JSON schema and clauses 6 to 8 and 11), and how their values look.
DOCUMENT = {"spdxVersion": r"SPDX-2\.3$", "dataLicense": r"CC0-1\.0$", "SPDXID": r"SPDXRef-DOCUMENT$", "name": ANY,
            "documentNamespace": r"https?://[^#\s]+$"}  # fmt: skip
PACKAGE = {"SPDXID": ID, "name": ANY, "versionInfo": ANY, "downloadLocation": ANY, "licenseConcluded": EXPRESSION,
           "licenseDeclared": EXPRESSION, "copyrightText": ANY}  # fmt: skip
RELATION = {"spdxElementId": ID, "relatedSpdxElement": ID,
            "relationshipType": r"(DESCRIBES|DYNAMIC_LINK|BUILD_DEPENDENCY_OF|RUNTIME_DEPENDENCY_OF)$"}  # fmt: skip
LICENCE = {"licenseId": r"LicenseRef-[A-Za-z0-9.-]+$", "extractedText": ANY}


@functools.cache
def write(epoch, *arguments):
    """What deploy/sbom prints; asked once."""
    command = [SBOM, *arguments, BINARY]
    return subprocess.run(command, env=os.environ | {"SOURCE_DATE_EPOCH": epoch}, check=True, capture_output=True, text=True, timeout=120).stdout


def _member_problems(what, value, wanted):
    for name, form in wanted.items():
        if not re.match(form, str(value.get(name, ""))):
            yield f"{what}: {name} is {value.get(name)!r}"


def form_problems(document):
    """What of a document SPDX 2.3 does not allow."""
    yield from _member_problems("document", document, DOCUMENT)
    made = document["creationInfo"]
    yield from _member_problems("creationInfo", made, {"created": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", "creators": r"\['Tool: "})
    for package in document["packages"]:
        yield from _member_problems(package.get("name"), package, PACKAGE)
    for relation in document["relationships"]:
        yield from _member_problems("relationship", relation, RELATION)
    for licence in document["hasExtractedLicensingInfos"]:
        yield from _member_problems("licence", licence, LICENCE)
    ids = [document["SPDXID"], *(package["SPDXID"] for package in document["packages"])]
    yield from (f"{name} is there twice" for name in ids if ids.count(name) > 1)
    for relation in document["relationships"]:
        yield from (f"{end} is no element" for end in (relation["spdxElementId"], relation["relatedSpdxElement"]) if end not in ids)
    told = {licence["licenseId"] for licence in document["hasExtractedLicensingInfos"]}
    used = set(re.findall(r"LicenseRef-[A-Za-z0-9.-]+", " ".join(package.get("licenseDeclared", "") for package in document["packages"])))
    yield from (f"{name} is not explained" for name in sorted(used ^ told))


def document_problems():
    """Of the document of this build; and a broken one is found out."""
    document = json.loads(write("1700000000"))
    yield from form_problems(document)
    for break_it in (lambda d: d.pop("spdxVersion"), lambda d: d["packages"][1].pop("licenseDeclared"),
                     lambda d: d["relationships"][0].update(relatedSpdxElement="SPDXRef-nobody"),
                     lambda d: d["hasExtractedLicensingInfos"].pop()):  # fmt: skip
        broken = json.loads(json.dumps(document))
        break_it(broken)
        if not list(form_problems(broken)):
            yield "a document that is broken passes"


def _loaded():
    """{package: version} of the libraries in the memory of a running mptap, as the kernel tells."""
    process = subprocess.Popen([BINARY, "read", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline, paths = time.monotonic() + START_S, set()
        while not any("libcrypto" in path for path in paths) and time.monotonic() < deadline:
            maps = pathlib.Path(f"/proc/{process.pid}/maps").read_text()
            paths = set(re.findall(r"(/\S+\.so[.\d]*)$", maps, re.MULTILINE))
            time.sleep(0.05)
        time.sleep(0.2)  # the rest of them
        paths |= set(re.findall(r"(/\S+\.so[.\d]*)$", pathlib.Path(f"/proc/{process.pid}/maps").read_text(), re.MULTILINE))
    finally:
        process.kill()
        process.communicate()
    packages = {}
    for path in paths:
        said = subprocess.run(["dpkg-query", "--search", f"*{pathlib.Path(path).name}"], capture_output=True, text=True).stdout
        owner = next(line.split(":")[0] for line in said.splitlines() if line.endswith(path.removeprefix("/usr")))
        form = "--showformat=${Version}\n"
        packages[owner] = subprocess.run(["dpkg-query", "--show", form, owner], capture_output=True, text=True).stdout.split("\n")[0]
    return packages


def loaded_problems():
    """Each library that the process loads is of a package in the document, with its version."""
    told = {package["name"]: package["versionInfo"] for package in json.loads(write("1700000000"))["packages"]}
    loaded = _loaded()
    if len(loaded) < 10:
        yield f"only {sorted(loaded)} are loaded: this checks nothing"
    for name, version in sorted(loaded.items()):
        if told.get(name) != version:
            yield f"{name} {version} is loaded, and told is {told.get(name)}"


def same_problems():
    """The same system and time give the same bytes; and to a file as to the standard output."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "mptap.spdx.json"
        write("1700000000", "--output", path)
        if path.read_text() != write("1700000000"):
            yield "written twice, it differs"


def refusal_problems():
    """What is no program is refused in one sentence."""
    done = subprocess.run([SBOM, "/nowhere/mptap"], capture_output=True, text=True, timeout=60)
    if done.returncode != 1 or done.stderr != "deploy/sbom: no program at /nowhere/mptap: build it, or name it\n":
        yield f"exit code {done.returncode}: {done.stderr}"


CHECKS = (
    ("valid SPDX 2.3", lambda: list(document_problems())),
    ("names every library that is loaded", lambda: list(loaded_problems())),
    ("the same again", lambda: list(same_problems())),
    ("refuses what is no program", lambda: list(refusal_problems())),
)
