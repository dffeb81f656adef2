#!/usr/bin/env python3
"""Tests of tidy.py itself: a clean sample tree passes, and every rule fires on a tree that breaks it."""
import shutil
import tempfile
import unittest
from pathlib import Path

import tidy

# The smallest tree that keeps every rule.
CLEAN = {
    "base/CMakeLists.txt": "add_library(base a.cc)\n",
    "base/a.h": "// What A is.\n#pragma once\n",
    "base/a.cc": '#include "base/a.h"\n#include <vector>\n',
    "base/options.cc": 'x = {\n    {"cache-dir", 0, "DIR"},\n    {"foreground", \'f\', ""},\n};\n',
    "fs/cli/mount_command.cc": "#include <CLI/CLI.hpp>\n",
    "fs/CMakeLists.txt": "add_executable(x cli/mount_command.cc ${CMAKE_SOURCE_DIR}/base/options.cc)\n",
    "man/cairnfs-mount.1": ".B \\-\\-cache\\-dir\n.B \\-f, \\-\\-foreground\n",
    "tests/CMakeLists.txt": "add_executable(t base/a_test.cc)\n",
    "tests/base/a_test.cc": '#include "base/a.h"\n',
    "tests/tidy/untested.txt": "base/options.cc: sample\nfs/cli/mount_command.cc: sample\n",
}


class TidyTest(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        for path, text in CLEAN.items():
            self.write(path, text)

    def write(self, path, text):
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text, encoding="utf-8")

    def append(self, path, text):
        self.write(path, (self.root / path).read_text(encoding="utf-8") + text)

    def assert_finds(self, path, part):
        found = [str(finding) for finding in tidy.findings(self.root)]
        self.assertTrue(any(f.startswith(path + ":") and part in f for f in found), found)

    def test_a_clean_tree_passes(self):
        self.assertEqual([str(f) for f in tidy.findings(self.root)], [])

    def test_a_folder_without_sources_does_not_pass(self):
        for path in CLEAN:
            (self.root / path).unlink()
        self.assertEqual(len(tidy.findings(self.root)), 1)

    def test_includes_point_down(self):
        for path, target in [("base/a.h", "fs/f.h"), ("meta/m.h", "cache/c.h"),
                             ("cache/c.h", "meta/m.h"), ("meta/m.h", "objclient/object_store.h"),
                             ("objclient/object.h", "meta/m.h"), ("base/a.h", "tests/t.h")]:
            with self.subTest(path=path, target=target):
                self.write(target, "// T.\n#pragma once\n")
                self.write(path, f'// H.\n#pragma once\n#include "{target}"\n')
                self.assert_finds(path, f"must not include {target}")

    def test_allowed_includes_pass(self):
        for path, target in [("fs/f.h", "meta/m.h"), ("fs/f.h", "cache/c.h"),
                             ("meta/m.h", "objclient/object.h"), ("cache/c.h", "base/a.h")]:
            self.write(target, "// T.\n#pragma once\n")
            self.write(path, f'// H.\n#pragma once\n#include "{target}"\n')
        self.assertEqual(tidy.findings(self.root), [])

    def test_includes_start_at_the_top(self):
        self.append("base/a.cc", '#include "a.h"\n')
        self.assert_finds("base/a.cc", '"a.h" is no file')

    def test_vendor_headers_stay_in_their_room(self):
        for header in ["fuse_lowlevel.h", "fuse3/fuse.h", "curl/curl.h", "sqlite3.h", "openssl/evp.h",
                       "spdlog/spdlog.h", "pugixml.hpp", "isa-l/crc.h", "CLI/CLI.hpp"]:
            with self.subTest(header=header):
                self.write("base/a.cc", f"#include <{header}>\n")
                self.assert_finds("base/a.cc", f"<{header}> belongs in")
        self.write("base/digest/d.h", "// D.\n#pragma once\n#include <openssl/evp.h>\n")
        self.write("base/a.cc", CLEAN["base/a.cc"])
        self.assertEqual(tidy.findings(self.root), [])

    def test_long_lines_and_files(self):
        self.append("base/a.cc", "// " + "é" * 97 + "\n")
        self.assertEqual(tidy.findings(self.root), [], "100 characters, whatever their bytes")
        self.append("base/a.cc", "// " + "x" * 98 + "\n")
        self.assert_finds("base/a.cc", "101 characters")
        self.write("base/a.cc", "\n" * 450)
        self.assert_finds("base/a.cc", "warning: 450 lines")
        self.write("base/a.cc", "\n" * 501)
        self.assert_finds("base/a.cc", "501 lines, 500 allowed")
        self.write("tests/base/a_test.cc", "\n" * 701)
        self.assert_finds("tests/base/a_test.cc", "701 lines, 700 allowed")

    def test_headers_introduce_themselves(self):
        self.write("base/a.h", "#pragma once\n")
        self.assert_finds("base/a.h", "opens without a comment")
        self.write("base/a.h", "// A.\n")
        self.assert_finds("base/a.h", "lacks #pragma once")

    def test_words_and_names(self):
        for word in tidy.UNWRITTEN:
            self.write("docs/page.md", f"One day: {word} this.\n")
            self.assert_finds("docs/page.md", word)
        self.write("docs/page.md", "mkstemp wants XXXXXX.\n")
        self.write("base/utils/b.h", "// B.\n#pragma once\n")
        self.assert_finds("base/utils/b.h", "names no subject")

    def test_every_source_has_its_test(self):
        (self.root / "tests/base/a_test.cc").unlink()
        self.assert_finds("base/a.cc", "no tests/base/a_test.cc")
        self.append("tests/tidy/untested.txt", "base/a.cc:\n")
        self.assert_finds("tests/tidy/untested.txt", "has no reason")

    def test_the_register_of_untested_files_is_kept_true(self):
        self.append("tests/tidy/untested.txt", "base/a.cc: it has one\nbase/gone.cc: was here\n")
        self.assert_finds("tests/tidy/untested.txt", "base/a.cc has a test")
        self.assert_finds("tests/tidy/untested.txt", "base/gone.cc does not exist")

    def test_every_source_is_built(self):
        self.write("tests/base/b_test.cc", "")
        self.assert_finds("tests/base/b_test.cc", "no CMakeLists.txt names it")

    def test_every_command_and_option_is_in_the_manual(self):
        self.write("fs/cli/ls_command.cc", "")
        self.assert_finds("fs/cli/ls_command.cc", "no man/cairnfs-ls.1")
        self.write("man/cairnfs-mount.1", ".B \\-\\-cache\\-directory\n.B \\-f, \\-\\-foreground\n")
        self.assert_finds("base/options.cc", "does not tell of --cache-dir")

    def test_without_manual_nothing_is_asked_of_it(self):
        (self.root / "man/cairnfs-mount.1").unlink()
        self.assertEqual(tidy.findings(self.root), [])

    @unittest.skipUnless(shutil.which("clang-format"), "clang-format is not installed")
    def test_layout(self):
        self.write(".clang-format", "BasedOnStyle: Google\n")
        self.append("base/a.cc", "int  f( ) {return 1 ;}\n")
        self.assert_finds("base/a.cc", "clang-format -i base/a.cc")


if __name__ == "__main__":
    unittest.main()
