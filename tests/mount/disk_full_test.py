#!/usr/bin/env python3
"""Local disks that are full: the cache does without, and a save that finds no room says so."""

import errno
import os
import random
import subprocess
import unittest

import mount

MIB = 1 << 20


def read(path):
    with open(path, "rb") as source:
        return source.read()


def write(path, content):
    with open(path, "wb") as target:
        target.write(content)


@unittest.skipUnless(os.geteuid() == 0, "mounts a small tmpfs: needs root")
class DiskFull(mount.MountTest):
    def small_disk(self, size_mib):
        path = os.path.join(self.folder, "disk")
        os.mkdir(path)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", path],
                       check=True)
        self.addCleanup(mount.detach, path)
        return path

    @staticmethod
    def fill(disk):
        """Takes all that is left, to the last page."""
        with open(os.path.join(disk, "filler"), "wb", buffering=0) as target:
            try:
                while True:
                    target.write(bytes(4096))
            except OSError as error:
                assert error.errno == errno.ENOSPC
        return os.path.join(disk, "filler")

    def test_cache(self):
        """A full cache costs speed, never an error."""
        body = random.Random(1).randbytes(24 * MIB)
        volume = self.mount(start=False)
        volume.cache = os.path.join(self.small_disk(6), "cache")
        volume.start()
        write(volume("saved"), body)
        self.assertTrue(body == read(volume("saved")))
        self.bucket.put("found", body)
        volume.remount()
        self.assertTrue(body == read(volume("found")))
        self.assertTrue(body == read(volume("saved")))
        self.assertTrue(body == self.bucket.get("saved"))

    def test_state(self):
        """No room for the name space or staged bytes: ENOSPC, and all is well with room again."""
        volume = self.mount(start=False)
        disk = self.small_disk(24)
        volume.state = os.path.join(disk, "state")
        volume.start()
        write(volume("before"), b"before")
        filler = self.fill(disk)
        refused = 0
        for number in range(400):
            try:
                write(volume(f"file{number}"), bytes(5000))
            except OSError as error:
                self.assertIn(error.errno, (errno.ENOSPC, errno.EIO))
                refused += 1
        self.assertGreater(refused, 0)
        self.assertEqual(b"before", read(volume("before")))
        os.unlink(filler)
        body = random.Random(2).randbytes(3 * MIB)
        write(volume("after"), body)
        self.assertTrue(body == self.bucket.get("after"))
        volume.remount()
        self.assertEqual((b"before", True), (read(volume("before")), body == read(volume("after"))))

    def test_save_larger_than_the_disk(self):
        volume = self.mount(start=False)
        volume.state = os.path.join(self.small_disk(16), "state")
        volume.start()
        body = random.Random(3).randbytes(48 * MIB)
        try:
            write(volume("large"), body)
        except OSError as error:
            self.assertIn(error.errno, (errno.ENOSPC, errno.EIO))
            kept = read(volume("large"))   # what was written before the disk was full
            self.assertTrue(kept == body[:len(kept)] == self.bucket.get("large"))
        else:
            self.assertTrue(body == self.bucket.get("large"))
        write(volume("small"), b"small")
        self.assertEqual(b"small", self.bucket.get("small"))
        volume.remount()
        self.assertEqual(b"small", read(volume("small")))


if __name__ == "__main__":
    mount.main()
