#!/usr/bin/env python3
"""The daemon is killed, or its cache spoilt: what was committed is there, and nothing is torn."""

import contextlib
import os
import random

import mount

MIB = 1 << 20


def read(path):
    with open(path, "rb") as source:
        return source.read()


def write(path, content):
    with open(path, "wb") as target:
        target.write(content)


class Crash(mount.MountTest):
    def test_killed_in_the_middle_of_an_overwrite(self):
        volume = self.mount()
        old = random.Random(1).randbytes(20 * MIB)
        write(volume("model"), old)
        half_way = open(volume("model"), "r+b", buffering=0)
        os.ftruncate(half_way.fileno(), 0)
        for _ in range(12):
            half_way.write(bytes(MIB))
        volume.kill()
        with contextlib.suppress(OSError):
            half_way.close()
        volume.start()
        self.assertTrue(old == read(volume("model")), "the last committed version, whole")
        self.assertTrue(old == self.bucket.get("model"))

    def test_killed_right_after_close(self):
        volume = self.mount()
        bodies = {f"file{n}": random.Random(n).randbytes(n * 100_000) for n in range(12)}
        for name, body in bodies.items():
            write(volume(name), body)
        volume.kill()
        volume.start()
        for name, body in bodies.items():
            self.assertTrue(body == read(volume(name)), name)

    def test_killed_right_after_rename(self):
        volume = self.mount()
        os.mkdir(volume("run"))
        for number in range(20):
            write(volume(f"run/{number}"), b"%d" % number)
        os.rename(volume("run"), volume("done"))
        os.rename(volume("done/3"), volume("three"))
        volume.kill()
        volume.start()
        self.assertEqual({"done", "three"}, set(os.listdir(volume.path)))
        volume.settled()
        wanted = {f"done/{n}": len(str(n)) for n in range(20) if n != 3} | {"three": 1}
        self.assertEqual(wanted, self.bucket.list())
        self.assertEqual(b"3", self.bucket.get("three"))

    def test_killed_with_an_unlinked_file_open(self):
        volume = self.mount()
        write(volume("file"), b"x" * 1000)
        opened = open(volume("file"), "rb")
        os.unlink(volume("file"))
        volume.kill()
        with contextlib.suppress(OSError):
            opened.close()
        volume.start()
        self.assertEqual([], os.listdir(volume.path))
        self.bucket.wait_for({})   # the object of the orphan is deleted

    def test_nothing_is_left_of_a_save_that_never_ended(self):
        volume = self.mount()
        half_way = open(volume("new"), "wb", buffering=0)
        for _ in range(30):
            half_way.write(bytes(MIB))
        volume.kill()
        with contextlib.suppress(OSError):
            half_way.close()
        volume.start()
        if os.path.exists(volume("new")):   # the name may be there, empty, as open() made it
            self.assertEqual(b"", read(volume("new")))
            os.unlink(volume("new"))
        self.bucket.wait_for({})

    def spoil_cache(self, spoil):
        """Saves, unmounts, does something to each file of the cache; the bytes are still right."""
        volume = self.mount()
        body = random.Random(5).randbytes(20 * MIB)
        write(volume("model"), body)
        self.assertTrue(body == read(volume("model")))
        volume.unmount()
        touched = 0
        for folder, _, names in os.walk(volume.cache):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.getsize(path):
                    spoil(path)
                    touched += 1
        self.assertGreater(touched, 0, "there is something in the cache")
        volume.start()
        self.assertTrue(body == read(volume("model")))
        self.assertTrue(body == self.bucket.get("model"))
        volume.unmount()

    def test_flipped_bytes_in_the_cache(self):
        def flip(path):
            size = os.path.getsize(path)
            with open(path, "r+b") as target:
                for at in {0, size // 3, size // 2, size - 1}:
                    target.seek(at)
                    byte = target.read(1)
                    target.seek(at)
                    target.write(bytes([byte[0] ^ 0x40]))
        self.spoil_cache(flip)

    def test_shortened_files_in_the_cache(self):
        self.spoil_cache(lambda path: os.truncate(path, os.path.getsize(path) // 2))

    def test_cache_files_of_zeros(self):
        """What a filesystem may leave after a power cut: the length is right, the bytes are not."""
        self.spoil_cache(lambda path: write(path, bytes(os.path.getsize(path))))

    def test_cache_that_is_gone(self):
        self.spoil_cache(os.unlink)


if __name__ == "__main__":
    mount.main()
