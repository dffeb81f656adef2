#!/usr/bin/env python3
"""What a volume wrote is what it reads, or an error: also when the cache is lost and the bucket, or the
network, has other bytes."""

import errno
import os
import random
import shutil
import unittest

import mount
from proxy import Proxy

MIB = 1 << 20
GRANULE = 128 << 10


def read(path):
    with open(path, "rb") as source:
        return source.read()


class Integrity(mount.MountTest):
    def save(self, volume, name, content):
        with open(volume(name), "wb") as target:
            target.write(content)

    def lose_cache(self, volume):
        volume.unmount()
        shutil.rmtree(volume.cache)

    def expect_error(self, volume, name):
        with self.assertRaises(OSError) as raised:
            read(volume(name))
        self.assertEqual(errno.EIO, raised.exception.errno)
        self.assertIn("the store has others than were written", volume.log_tail(200))
        self.assertGreater(volume.status()["metrics"]["cache_fetch_corrupt_granules"], 1)


@unittest.skipUnless(mount.KIND == "local", "edits the folder of the bucket")
class DamagedBucket(Integrity):
    def setUp(self):
        super().setUp()
        self.volume = self.mount("--refresh", "never")
        self.content = random.Random(1).randbytes(40 * MIB + 12345)
        self.save(self.volume, "model", self.content)

    def damage(self, name, at):
        """Another byte, the same size and time: what a disk does, and no other writer."""
        path = self.bucket.path(name)
        before = os.stat(path)
        with open(path, "r+b") as target:
            target.seek(at)
            byte = target.read(1)
            target.seek(at)
            target.write(bytes([byte[0] ^ 1]))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def expect_damage(self, name, content, at):
        self.expect_error(self.volume, name)
        with open(self.volume(name), "rb", buffering=0) as source:
            for start in range(0, len(content), GRANULE):
                if start <= at < start + GRANULE:
                    with self.assertRaises(OSError):
                        os.pread(source.fileno(), GRANULE, start)
                else:
                    self.assertTrue(content[start:start + GRANULE]
                                    == os.pread(source.fileno(), GRANULE, start), start)

    def test_is_an_error_where_it_is_and_nowhere_else(self):
        self.lose_cache(self.volume)
        at = 21 * MIB + 5
        self.damage("model", at)
        self.volume.start()
        self.expect_damage("model", self.content, at)
        self.damage("model", at)   # the same bit: right again
        self.assertTrue(self.content == read(self.volume("model")))

    def test_the_last_byte_too(self):
        self.lose_cache(self.volume)
        self.damage("model", len(self.content) - 1)
        self.volume.start()
        self.expect_damage("model", self.content, len(self.content) - 1)

    def test_of_a_small_file(self):
        content = self.content[:3 * MIB + 1]
        self.save(self.volume, "small", content)
        self.lose_cache(self.volume)
        self.damage("small", 2 * MIB)
        self.volume.start()
        self.expect_damage("small", content, 2 * MIB)

    def test_of_a_file_that_moved(self):
        os.rename(self.volume("model"), self.volume("moved"))
        self.volume.settled()
        self.lose_cache(self.volume)
        self.damage("moved", 30 * MIB)
        self.volume.start()
        self.expect_damage("moved", self.content, 30 * MIB)

    def test_of_a_file_that_was_patched(self):
        """Also where the store copied the bytes, which never came by here again."""
        content = bytearray(self.content)
        self.lose_cache(self.volume)
        self.volume.start()
        with open(self.volume("model"), "r+b") as target:
            target.seek(9 * MIB)
            target.write(b"patch")
        content[9 * MIB:9 * MIB + 5] = b"patch"
        self.lose_cache(self.volume)
        self.volume.start()
        self.assertTrue(content == read(self.volume("model")))
        for at in (9 * MIB + 2, 33 * MIB):
            self.lose_cache(self.volume)
            self.damage("model", at)
            self.volume.start()
            self.expect_damage("model", content, at)
            self.damage("model", at)

    def test_does_not_become_part_of_a_new_version(self):
        self.lose_cache(self.volume)
        self.damage("model", 9 * MIB)
        self.volume.start()
        with self.assertRaises(OSError) as raised:
            with open(self.volume("model"), "r+b", buffering=0) as target:
                os.pwrite(target.fileno(), b"patch", 9 * MIB + 20)
        self.assertEqual(errno.EIO, raised.exception.errno)


@unittest.skipUnless(mount.ON_SERVER, "flips bits on the network")
class BentNetwork(Integrity):
    def setUp(self):
        super().setUp()
        self.proxy = Proxy(self.bucket.endpoint)
        self.addCleanup(self.proxy.stop)
        self.bucket.lead_through(self.proxy.endpoint)
        self.volume = self.mount("--refresh", "never")
        generator = random.Random(2)
        self.large = generator.randbytes(40 * MIB + 12345)
        self.small = generator.randbytes(3 * MIB)
        self.save(self.volume, "large", self.large)
        self.save(self.volume, "small", self.small)
        self.lose_cache(self.volume)
        self.volume.start()

    def test_flipped_once_is_read_again(self):
        for name in ("large", "small"):
            self.proxy.flip("GET", "/" + name)
            self.assertTrue(getattr(self, name) == read(self.volume(name)), name)
        self.assertEqual(2, self.proxy.flipped)
        self.assertIn("asked for once more", self.volume.log_tail(200))

    def test_flipped_for_ever_is_an_error(self):
        for name in ("large", "small"):
            self.proxy.flip("GET", "/" + name, times=1 << 20)
            self.expect_error(self.volume, name)
        with self.proxy.lock:
            self.proxy.to_flip.clear()
        for name in ("large", "small"):
            self.assertTrue(getattr(self, name) == read(self.volume(name)), name)


if __name__ == "__main__":
    mount.main()
