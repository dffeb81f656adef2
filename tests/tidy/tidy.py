#!/usr/bin/env python3
"""The style guide as a test: prints every breach as path:line: message and exits 1 if there is one.

Usage: tidy.py [ROOT]   (ROOT: the top of the source tree, default: two folders above this file)

Each rule is a function that takes the Tree and yields Findings. Standard library only.
"""
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

# What a floor may include of the others; a name that ends in .h allows that one header.
FLOORS = {
    "base": [],
    "objclient": ["base"],
    "meta": ["base", "objclient/object.h"],
    "cache": ["base", "objclient"],
    "fs": ["base", "objclient", "meta", "cache"],
}

# One vendor header, one room: system headers that match may be included only below these paths.
VENDOR_ROOMS = [
    (r"(fuse3/)?(fuse|cuse)[a-z_]*\.h", ["fs/fuse/"]),
    (r"curl/.*", ["objclient/http/"]),
    (r"sqlite3.*\.h", ["meta/sqlite/"]),
    (r"openssl/.*", ["base/digest/", "objclient/auth/", "objclient/http/"]),
    (r"spdlog/.*", ["base/log.cc"]),
    (r"pugi.*", ["objclient/rest/"]),
    (r"isa-l.*", ["base/digest/"]),
    (r"CLI/.*", ["fs/cli/"]),
]

LINE_LIMIT = 100
SIZE_WARN, SIZE_LIMIT, TEST_SIZE_LIMIT = 400, 500, 700  # lines of a file
UNWRITTEN = ["TO" + "DO", "FIX" + "ME", "X" * 3]  # in pieces, or this file would break its own rule
NO_SUBJECT = {"util", "utils", "helper", "helpers", "common", "misc"}
SKIPPED_FOLDERS = {".git", "build", "__pycache__", "Testing"}
CLANG_FORMAT_MAJOR = 14  # other versions lay code out differently


@dataclass
class Finding:
    path: str
    line: int
    message: str
    is_warning: bool = False

    def __str__(self):
        return f"{self.path}:{self.line}: {'warning: ' if self.is_warning else ''}{self.message}"


class Tree:
    """The files of the source tree, by path from the top, with their lines."""

    def __init__(self, root):
        self.root = Path(root)
        self.paths = []
        self.lines = {}
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
            for name in sorted(names):
                full = Path(folder, name)
                if full.is_file() and not full.is_symlink():
                    self.add(full)

    def add(self, full):
        try:
            text = full.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return  # a binary, such as a fuzzer's seed
        path = full.relative_to(self.root).as_posix()
        self.paths.append(path)
        self.lines[path] = text.splitlines()

    def cxx(self, *suffixes, floors_only=False):
        tops = list(FLOORS) + ([] if floors_only else ["tests"])
        return [p for p in self.paths
                if p.split("/")[0] in tops and p.endswith(suffixes or (".h", ".cc"))]


def includes(tree, path):
    for number, line in enumerate(tree.lines[path], 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match[1] == '"', match[2]


def check_include_direction(tree):
    for path in tree.cxx():
        floor = path.split("/")[0]
        allowed = list(FLOORS) + ["tests"] if floor == "tests" else FLOORS[floor] + [floor]
        for number, quoted, target in includes(tree, path):
            if not quoted:
                continue
            if target not in tree.lines:
                yield Finding(path, number, f'"{target}" is no file below the top of the tree')
            elif target.split("/")[0] not in allowed and target not in allowed:
                yield Finding(path, number, f"{floor} must not include {target}")


def check_vendor_rooms(tree):
    for path in tree.cxx(floors_only=True):
        for number, _, target in includes(tree, path):
            for pattern, rooms in VENDOR_ROOMS:
                if re.fullmatch(pattern, target) and not path.startswith(tuple(rooms)):
                    yield Finding(path, number, f"<{target}> belongs in {', '.join(rooms)}")


def check_sizes(tree):
    for path in tree.cxx():
        for number, line in enumerate(tree.lines[path], 1):
            if len(line) > LINE_LIMIT:
                yield Finding(path, number, f"{len(line)} characters, {LINE_LIMIT} allowed")
        count = len(tree.lines[path])
        is_test = path.startswith("tests/")
        limit = TEST_SIZE_LIMIT if is_test else SIZE_LIMIT
        if count > limit:
            yield Finding(path, count, f"{count} lines, {limit} allowed: it holds more than one idea")
        elif count > SIZE_WARN and not is_test:
            yield Finding(path, count, f"{count} lines, aim under {SIZE_WARN}", is_warning=True)


def check_headers(tree):
    for path in tree.cxx(".h"):
        lines = tree.lines[path]
        if not lines or not lines[0].startswith("//"):
            yield Finding(path, 1, "opens without a comment: what it is, its owner, its threads")
        if "#pragma once" not in lines:
            yield Finding(path, 1, "lacks #pragma once")


def check_words_and_names(tree):
    words = re.compile(r"\b(" + "|".join(UNWRITTEN) + r")\b")
    for path in tree.paths:
        for number, line in enumerate(tree.lines[path], 1):
            match = words.search(line)
            if match:
                yield Finding(path, number, f"{match[1]}: do it, or file an issue")
        for part in PurePosixPath(path).parts:
            if PurePosixPath(part).stem in NO_SUBJECT:
                yield Finding(path, 1, f'"{part}" names no subject')


def check_mirror(tree):
    """Every x/y.cc has tests/x/y_test.cc, or a line "x/y.cc: reason" in tests/tidy/untested.txt."""
    register = "tests/tidy/untested.txt"
    excused = {}
    for number, line in enumerate(tree.lines.get(register, []), 1):
        if not line.strip() or line.startswith("#"):
            continue
        path, _, reason = line.partition(":")
        excused[path.strip()] = number
        if not reason.strip():
            yield Finding(register, number, f"{path} has no reason")
    for path in tree.cxx(".cc", floors_only=True):
        test = f"tests/{path[:-3]}_test.cc"
        number = excused.pop(path, None)
        if number is None and test not in tree.lines:
            yield Finding(path, 1, f"no {test}, and no reason in {register}")
        elif number is not None and test in tree.lines:
            yield Finding(register, number, f"{path} has a test: take this line away")
    for path, number in excused.items():
        yield Finding(register, number, f"{path} does not exist: take this line away")


def check_built(tree):
    """A .cc that no CMakeLists.txt names is never compiled."""
    named = set()
    for path in tree.paths:
        if PurePosixPath(path).name != "CMakeLists.txt":
            continue
        here = PurePosixPath(path).parent.as_posix()
        for token in re.findall(r"[^\s()\"]+\.cc\b", "\n".join(tree.lines[path])):
            token = re.sub(r"^\$\{(CMAKE|PROJECT)_SOURCE_DIR\}/", "/", token)
            token = re.sub(r"^\$\{CMAKE_CURRENT_SOURCE_DIR\}/", "", token)
            joined = token[1:] if token.startswith("/") else os.path.join(here, token)
            named.add(os.path.normpath(joined))
    for path in tree.cxx(".cc"):
        if path not in named:
            yield Finding(path, 1, "no CMakeLists.txt names it")


def check_manual(tree):
    """Once there are man pages, every command has one and the mount page knows every option."""
    pages = {p: "\n".join(tree.lines[p]).replace("\\-", "-")
             for p in tree.paths if re.fullmatch(r"man/[^/]+\.[1-8]", p)}
    if not pages:
        return
    for path in tree.cxx(".cc", floors_only=True):
        command = re.fullmatch(r"fs/cli/([a-z]+)_command\.cc", path)
        if command and f"man/cairnfs-{command[1]}.1" not in pages:
            yield Finding(path, 1, f"no man/cairnfs-{command[1]}.1")
    table = "base/options.cc"
    mount_page = pages.get("man/cairnfs-mount.1")
    if mount_page is None or table not in tree.lines:
        return
    for number, line in enumerate(tree.lines[table], 1):
        option = re.match(r"\s*\{\"([a-z-]+)\", (?:0|'.'),", line)
        if option and not re.search(rf"--{option[1]}(?![a-z-])", mount_page):
            yield Finding(table, number, f"man/cairnfs-mount.1 does not tell of --{option[1]}")


def check_layout(tree):
    if not (tree.root / ".clang-format").exists():
        return
    program = shutil.which("clang-format")
    version = program and re.search(r"version (\d+)", subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=True).stdout)
    if not version or int(version[1]) != CLANG_FORMAT_MAJOR:
        print(f"skipped: layout (clang-format {CLANG_FORMAT_MAJOR} is not installed)")
        return
    output = subprocess.run([program, "--dry-run", "-Werror", *tree.cxx()], cwd=tree.root,
                            capture_output=True, text=True, check=False).stderr
    first = {}
    for path, number in re.findall(r"^(\S+?):(\d+):\d+: error: ", output, re.MULTILINE):
        first.setdefault(path, int(number))
    for path, number in first.items():
        yield Finding(path, number, f"not laid out as .clang-format says: clang-format -i {path}")


RULES = [check_include_direction, check_vendor_rooms, check_sizes, check_headers,
         check_words_and_names, check_mirror, check_built, check_manual, check_layout]


def findings(root):
    tree = Tree(root)
    if not tree.cxx():
        return [Finding(str(root), 0, "holds no sources: is it the top of the tree?")]
    return [finding for rule in RULES for finding in rule(tree)]


def main():
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]
    found = findings(root)
    for finding in found:
        print(finding)
    breaches = sum(not finding.is_warning for finding in found)
    print(f"{breaches} breaches, {len(found) - breaches} warnings")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
