#!/usr/bin/env python3
"""Ordinary programs on the mount, compared with their source: git, tar, SQLite, rsync, cp."""

import os
import sqlite3
import subprocess
import tarfile

import mount
import tree

GIT = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
       "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
       "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}


class Programs(mount.MountTest):
    def setUp(self):
        super().setUp()
        self.source = os.path.join(self.folder, "source")
        tree.grow(self.source)
        self.volume = self.mount()

    def run_program(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              env={**os.environ, **GIT})
        self.assertEqual(0, done.returncode, f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def compare(self, copy):
        """The copy equals the source, now and after a remount; its files are in the bucket."""
        wanted = tree.describe(self.source)
        self.assertEqual(wanted, tree.describe(self.volume(copy)))
        self.volume.remount()
        self.assertEqual(wanted, tree.describe(self.volume(copy)))
        files = {f"{copy}/{path}": entry[2] for path, entry in wanted.items() if entry[0] == "file"}
        stored = self.bucket.list(copy)
        self.assertEqual(files, {key: stored.get(key) for key in files})

    def test_cp(self):
        self.run_program("cp", "-a", self.source, self.volume("copy"))
        self.compare("copy")

    def test_rsync(self):
        self.run_program("rsync", "-a", self.source + "/", self.volume("copy"))
        again = self.run_program("rsync", "-a", "--checksum", "--dry-run", "--itemize-changes",
                                 self.source + "/", self.volume("copy"))
        self.assertEqual("", again, "a second run finds nothing to do")
        self.compare("copy")

    def test_tar(self):
        archive = os.path.join(self.folder, "source.tar")
        with tarfile.open(archive, "w") as target:
            target.add(self.source, arcname="copy")
        self.run_program("tar", "-x", "-f", archive, "-C", self.volume.path)
        self.compare("copy")

    def test_git_clone(self):
        self.run_program("git", "init", "-q", self.source)
        self.run_program("git", "-C", self.source, "add", "-A")
        self.run_program("git", "-C", self.source, "commit", "-q", "-m", "All of it")
        self.run_program("git", "clone", "-q", "--no-hardlinks", self.source, self.volume("clone"))
        clone = self.volume("clone")
        self.assertEqual("", self.run_program("git", "-C", clone, "status", "--porcelain"))
        self.run_program("git", "-C", clone, "fsck", "--strict")
        self.volume.remount()
        self.assertEqual("", self.run_program("git", "-C", clone, "status", "--porcelain"))
        contents = [{path: entry[3] for path, entry in tree.describe(root, skip=[".git"]).items()
                     if entry[0] == "file"} for root in (self.source, clone)]
        self.assertEqual(contents[0], contents[1])
        with open(os.path.join(clone, "new"), "w", encoding="utf-8") as target:
            target.write("a commit made on the mount\n")
        self.run_program("git", "-C", clone, "add", "new")
        self.run_program("git", "-C", clone, "commit", "-q", "-m", "New")
        self.run_program("git", "-C", clone, "gc", "-q")
        self.run_program("git", "-C", clone, "fsck", "--strict")

    def test_sqlite(self):
        path = self.volume("records.db")
        rows = [(number, f"value {number}" * 20) for number in range(2000)]
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE records (id INTEGER PRIMARY KEY, text TEXT)")
            database.executemany("INSERT INTO records VALUES (?, ?)", rows[:1500])
        database.close()
        database = sqlite3.connect(path)
        for row in rows[1500:1510]:   # each a transaction, with its journal file
            with database:
                database.execute("INSERT INTO records VALUES (?, ?)", row)
        database.close()
        self.volume.remount()
        database = sqlite3.connect(path)
        self.assertEqual([("ok",)], database.execute("PRAGMA integrity_check").fetchall())
        self.assertEqual(rows[:1510], database.execute("SELECT * FROM records").fetchall())
        database.close()


if __name__ == "__main__":
    mount.main()
