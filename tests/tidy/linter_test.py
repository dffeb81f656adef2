#!/usr/bin/env python3
"""The .clang-tidy of the tree accepts code as we write it and objects to what it is there for."""
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]

GOOD = """
#include "base/mutex.h"
namespace base {
constexpr int kLimit = 3;
class Box {
 public:
  int size() const EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return size_;
  }
  void Grow() EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (size_ == kLimit) room_.Wait(mutex_);
    ++size_;
    lock.Unlock();
    lock.Lock();
    ++size_;
  }

 private:
  mutable Mutex mutex_;
  CondVar room_;
  int size_ GUARDED_BY(mutex_) = 0;
};
}  // namespace base
"""

# What is put in place of what, and the check that must object.
SPOILED = [
    ("    MutexLock lock(mutex_);\n    return", "    return", "clang-diagnostic-thread-safety-analysis"),
    ("    lock.Lock();\n", "", "clang-diagnostic-thread-safety-analysis"),
    ("class Box", "class box", "readability-identifier-naming"),
    ("size_", "m_size", "readability-identifier-naming"),
    ("kLimit", "LIMIT", "readability-identifier-naming"),
    ("lock.Unlock();", "lock.Unlock(); if (size() == 1) { size(); } else { size(); }",
     "bugprone-branch-clone"),
    ("++size_;\n    lock", "\n" * 80 + "++size_;\n    lock", "readability-function-size"),
]


@unittest.skipUnless(shutil.which("clang-tidy"), "clang-tidy is not installed")
class LinterTest(unittest.TestCase):
    def lint(self, text):
        with tempfile.TemporaryDirectory() as folder:
            sample = Path(folder, "sample.cc")
            sample.write_text(text, encoding="utf-8")
            result = subprocess.run(
                ["clang-tidy", "--quiet", f"--config-file={TOP}/.clang-tidy", str(sample), "--",
                 "-std=c++20", f"-I{TOP}", "-Wthread-safety"],
                capture_output=True, text=True, check=False)
        return result.returncode, result.stdout + result.stderr

    def test_good_code_passes(self):
        code, output = self.lint(GOOD)
        self.assertEqual(code, 0, output)

    def test_spoiled_code_does_not(self):
        for good, bad, check in SPOILED:
            with self.subTest(check=check, bad=bad):
                self.assertIn(good, GOOD)
                code, output = self.lint(GOOD.replace(good, bad))
                self.assertNotEqual(code, 0)
                self.assertIn(check, output)


if __name__ == "__main__":
    unittest.main()
