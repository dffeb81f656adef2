#!/usr/bin/env python3
"""What is in a file: written anywhere, cut, grown, mapped; equal to a copy in memory all along."""

import mmap
import os
import random

import mount

MIB = 1 << 20


class Content(mount.MountTest):
    def setUp(self):
        super().setUp()
        self.volume = self.mount()

    def read(self, name):
        with open(self.volume(name), "rb") as source:
            return source.read()

    def check(self, name, wanted):
        """The file holds these bytes: on the mount, in the bucket, and after a remount."""
        self.assertEqual(len(wanted), os.stat(self.volume(name)).st_size)
        self.assertTrue(wanted == self.read(name), "as the mount has it")
        self.assertTrue(wanted == self.bucket.get(name), "as the bucket has it")
        self.volume.remount()
        self.assertTrue(wanted == self.read(name), "after a remount")

    def test_random_operations(self):
        """Writes, cuts, reads at random, a model in memory tells what is right."""
        chance = random.Random(11)
        model = bytearray()
        for _ in range(6):
            with open(self.volume("file"), "r+b" if model else "w+b", buffering=0) as file:
                for _ in range(40):
                    at = chance.randrange(len(model) + 300_000)
                    action = chance.random()
                    if action < 0.6:
                        piece = chance.randbytes(chance.randrange(200_000))
                        os.pwrite(file.fileno(), piece, at)
                        if piece:
                            model.extend(bytes(max(0, at + len(piece) - len(model))))
                            model[at:at + len(piece)] = piece
                    elif action < 0.7:
                        os.ftruncate(file.fileno(), at)
                        model = model[:at] + bytes(max(0, at - len(model)))
                    else:
                        self.assertTrue(model[at:at + 100_000] ==
                                        os.pread(file.fileno(), 100_000, at))
                self.assertEqual(len(model), os.fstat(file.fileno()).st_size)
            self.assertTrue(model == self.read("file"))
            self.assertTrue(model == self.bucket.get("file"))
        self.check("file", model)

    def test_sparse(self):
        with open(self.volume("sparse"), "wb") as target:
            os.ftruncate(target.fileno(), 24 * MIB)
            os.pwrite(target.fileno(), b"middle", 10 * MIB + 5)
        wanted = bytearray(24 * MIB)
        wanted[10 * MIB + 5:10 * MIB + 11] = b"middle"
        self.check("sparse", wanted)

    def test_truncate_by_name_and_by_descriptor(self):
        body = random.Random(12).randbytes(9 * MIB + 17)
        with open(self.volume("file"), "wb") as target:
            target.write(body)
        os.truncate(self.volume("file"), 5 * MIB + 1)
        self.assertTrue(body[:5 * MIB + 1] == self.read("file"))
        os.truncate(self.volume("file"), 6 * MIB)
        wanted = body[:5 * MIB + 1] + bytes(MIB - 1)
        self.check("file", wanted)
        with open(self.volume("file"), "r+b") as target:
            os.ftruncate(target.fileno(), 0)
            os.ftruncate(target.fileno(), 3)
        self.check("file", bytes(3))

    def test_append(self):
        with open(self.volume("log"), "wb") as target:
            target.write(b"begin ")
        first = os.open(self.volume("log"), os.O_WRONLY | os.O_APPEND)
        second = os.open(self.volume("log"), os.O_WRONLY | os.O_APPEND)
        for number in range(20):
            os.write(first if number % 2 else second, b"%d " % number)
        os.close(first)
        os.close(second)
        self.check("log", b"begin " + b"".join(b"%d " % number for number in range(20)))

    def test_patch_and_grow_a_large_file(self):
        body = bytearray(random.Random(13).randbytes(40 * MIB))
        with open(self.volume("large"), "wb") as target:
            target.write(body)
        self.volume.remount()
        with open(self.volume("large"), "r+b") as target:
            target.seek(21 * MIB + 100)
            target.write(b"p" * 4096)
            target.seek(0, os.SEEK_END)
            target.write(b"tail" * 1000)
        body[21 * MIB + 100:21 * MIB + 4196] = b"p" * 4096
        body += b"tail" * 1000
        self.check("large", body)

    def test_own_writes_are_read_before_close(self):
        with open(self.volume("file"), "wb", buffering=0) as target:
            target.write(b"a" * 5000)
            self.assertEqual(b"a" * 5000, self.read("file"))
            target.write(b"b" * 5000)
            self.assertEqual(b"a" * 5000 + b"b" * 5000, self.read("file"))
            self.assertEqual(10_000, os.stat(self.volume("file")).st_size)

    def test_fsync_is_in_the_bucket(self):
        with open(self.volume("file"), "wb", buffering=0) as target:
            target.write(b"synced")
            os.fsync(target.fileno())
            self.assertEqual(b"synced", self.bucket.get("file"))
            target.write(b" and closed")
        self.check("file", b"synced and closed")

    def test_shared_mapping(self):
        with open(self.volume("mapped"), "w+b") as file:
            os.ftruncate(file.fileno(), 2 * MIB)
            with mmap.mmap(file.fileno(), 2 * MIB) as mapping:
                mapping[MIB - 3:MIB + 3] = b"across"
                mapping.flush()
        wanted = bytearray(2 * MIB)
        wanted[MIB - 3:MIB + 3] = b"across"
        self.check("mapped", wanted)

    def test_direct_io(self):
        body = random.Random(14).randbytes(3 * MIB)
        aligned = mmap.mmap(-1, len(body))
        aligned.write(body)
        descriptor = os.open(self.volume("direct"), os.O_WRONLY | os.O_CREAT | os.O_DIRECT)
        view = memoryview(aligned)
        for at in range(0, len(body), MIB):
            self.assertEqual(MIB, os.pwrite(descriptor, view[at:at + MIB], at))
        os.close(descriptor)
        descriptor = os.open(self.volume("direct"), os.O_RDONLY | os.O_DIRECT)
        into = mmap.mmap(-1, MIB)
        self.assertEqual(MIB, os.preadv(descriptor, [into], MIB))
        self.assertTrue(body[MIB:2 * MIB] == into[:])
        os.close(descriptor)
        self.check("direct", body)

    def test_empty_file(self):
        with open(self.volume("empty"), "wb"):
            pass
        self.check("empty", b"")

    def test_many_writers_at_once(self):
        bodies = {f"part{n}": random.Random(n).randbytes(3 * MIB + n) for n in range(12)}
        files = {name: open(self.volume(name), "wb", buffering=0) for name in bodies}
        for at in range(0, 4 * MIB, 256 << 10):
            for name, file in files.items():
                file.write(bodies[name][at:at + (256 << 10)])
        for file in files.values():
            file.close()
        for name, body in bodies.items():
            self.assertTrue(body == self.bucket.get(name))
        self.volume.remount()
        for name, body in bodies.items():
            self.assertTrue(body == self.read(name))


if __name__ == "__main__":
    mount.main()
