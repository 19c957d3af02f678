"""What CMake and Meson build, read from their files: both must say the same.

Understands what these files use: literal names and sources in add_library, add_executable, add_test and
mptap_unit_test (a target and its test), and in static_library, executable and test; one level of CMake variables
set() in the same file. Fuzz targets are rows: mptap_fuzz_target(NAME ...) of CMake, and 'NAME': [...] of Meson's
fuzz_targets; each is a target, a test and NAME_fuzz.cc.
"""

import os.path
import pathlib
import re

import tree

CMAKE_TARGET = re.compile(r"\b(?:add_library|add_executable|mptap_unit_test)\(\s*([\w-]+)\s+([^)]*)\)")
CMAKE_TEST = re.compile(r"\b(?:add_test\(\s*NAME|mptap_unit_test\()\s*([\w-]+\w(?<!_))\s")
CMAKE_SET = re.compile(r"\bset\(\s*(\w+)\s+([^)]*)\)")
# What ends with - or _ is the beginning of a name that a row gives.
MESON_TARGET = re.compile(r"\b(?:static_library|shared_module|executable)\(\s*'([\w-]+\w(?<!_))'")
MESON_TEST = re.compile(r"(?<![\w.])test\(\s*'([\w-]+\w(?<!_))'")
MESON_SOURCE = re.compile(r"'([\w./-]+\.cc)'")
CMAKE_FUZZ = re.compile(r"(?<!function\()\bmptap_fuzz_target\(\s*(\w+)\s+([^)]*)\)")
MESON_FUZZ_TABLE = re.compile(r"\bfuzz_targets = \{(.*?)^\}", re.MULTILINE | re.DOTALL)
MESON_FUZZ = re.compile(r"'(\w+)': (\[.*?\],?\s*\]),", re.DOTALL)
INTERFACE = {"mptap_flags"}  # CMake's name for what Meson calls project arguments


def without_comments(text):
    """The text up to the # of each line."""
    return re.sub(r"#[^\n]*", "", text)


def balanced(text, start):
    """The text from `start` to the parenthesis that closes the one before it."""
    depth = 1
    for end in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if depth == 0:
            return text[start:end]
    return text[start:]


def top_of_call(text):
    """The text without calls nested in it."""
    while (shorter := re.sub(r"\w+\([^()]*\)", "", text)) != text:
        text = shorter
    return text


def plain(path):
    """A path without the .. in it."""
    return os.path.normpath(path)


def fuzz_target(folder, name, sources):
    """(target, sources, test) of one row."""
    return f"mptap-fuzz-{name}", {plain(folder / source) for source in [f"{name}_fuzz.cc", *sources]}, f"fuzz_{name}"


def cmake(root):
    """{target: sources}, {tests} of all CMakeLists.txt."""
    targets, tests = {}, set()
    for path in build_files(root, "CMakeLists.txt"):
        text = without_comments((root / path).read_text())
        folder = pathlib.Path(path).parent
        variables = dict(CMAKE_SET.findall(text))
        for name, body in CMAKE_TARGET.findall(text):
            body = re.sub(r"\$\{(\w+)\}", lambda match: variables.get(match[1], match[0]), body)
            if name not in INTERFACE:
                targets[name] = {plain(folder / word) for word in body.split() if word.endswith(".cc")}
        tests |= set(CMAKE_TEST.findall(text))
        for name, body in CMAKE_FUZZ.findall(text):
            target, sources, test = fuzz_target(folder, name, [word for word in body.split() if word.endswith(".cc")])
            targets[target] = sources
            tests.add(test)
    return targets, tests


def meson(root):
    """The same of all meson.build."""
    targets, tests = {}, set()
    for path in build_files(root, "meson.build"):
        text = without_comments((root / path).read_text())
        folder = pathlib.Path(path).parent
        for match in MESON_TARGET.finditer(text):
            body = top_of_call(balanced(text, match.end()))
            targets[match[1]] = {plain(folder / source) for source in MESON_SOURCE.findall(body)}
        tests |= set(MESON_TEST.findall(text))
        for table in MESON_FUZZ_TABLE.findall(text):
            for name, body in MESON_FUZZ.findall(table):
                target, sources, test = fuzz_target(folder, name, MESON_SOURCE.findall(body))
                targets[target] = sources
                tests.add(test)
    return targets, tests


def build_files(root, name):
    """Paths of the build files of one kind."""
    return [name, *(path for path in tree.files(root) if pathlib.Path(path).name == name)]


def target_problems(root):
    """Targets and sources that one of the two lacks."""
    by_cmake, by_meson = cmake(root)[0], meson(root)[0]
    problems = []
    for target in sorted(by_cmake.keys() | by_meson.keys()):
        if target not in by_meson or target not in by_cmake:
            problems.append(f"only {'CMake' if target in by_cmake else 'Meson'} has the target {target}")
            continue
        for source in sorted(by_cmake[target] ^ by_meson[target]):
            problems.append(f"{target}: only {'CMake' if source in by_cmake[target] else 'Meson'} lists {source}")
    return problems


def test_problems(root):
    """Tests that one of the two lacks."""
    by_cmake, by_meson = cmake(root)[1], meson(root)[1]
    return [f"only {'CMake' if test in by_cmake else 'Meson'} has the test {test}" for test in sorted(by_cmake ^ by_meson)]


def version_problems(root):
    """Where the versions differ."""
    by_cmake = re.search(r"project\(mptap VERSION ([\d.]+)", (root / "CMakeLists.txt").read_text())
    by_meson = re.search(r"\bversion: '([\d.]+)'", (root / "meson.build").read_text())
    if by_cmake and by_meson and by_cmake[1] == by_meson[1]:
        return []
    return [f"CMake says {by_cmake and by_cmake[1]}, Meson {by_meson and by_meson[1]}"]


def orphan_problems(root):
    """Source files that CMake does not build."""
    built = set().union(*cmake(root)[0].values())
    problems = [f"no target has {path}" for path in tree.files(root, ".cc") if path not in built]
    return problems + [f"{path} does not exist" for path in sorted(built) if not (root / path).is_file()]
