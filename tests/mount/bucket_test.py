#!/usr/bin/env python3
"""A bucket that other programs write too: what they put there appears, changes and goes."""

import errno
import os
import random
import unittest

import mount

MIB = 1 << 20


def read(path):
    with open(path, "rb") as source:
        return source.read()


def content_or_none(path):
    try:
        return read(path)
    except OSError:
        return None


class Bucket(mount.MountTest):
    def test_objects_of_other_programs(self):
        objects = {"readme.txt": b"hello", "data/train/0.bin": random.Random(1).randbytes(9 * MIB),
                   "data/train/1.bin": b"", "data/with space/größe+&": b"odd", "other/x": b"x"}
        for key, body in objects.items():
            self.bucket.put(key, body)
        volume = self.mount()
        self.assertEqual(["data", "other", "readme.txt"], sorted(os.listdir(volume.path)))
        self.assertEqual(["0.bin", "1.bin"], sorted(os.listdir(volume("data/train"))))
        for key, body in objects.items():
            self.assertEqual(len(body), os.stat(volume(key)).st_size)
            self.assertTrue(body == read(volume(key)), key)
        self.assertEqual((os.getuid(), os.getgid()),
                         (os.stat(volume("other/x")).st_uid, os.stat(volume("other/x")).st_gid))
        self.assertEqual({key: len(body) for key, body in objects.items()}, self.bucket.list())

    def test_a_name_is_found_without_listing_first(self):
        self.bucket.put("a/b/c", b"deep")
        volume = self.mount()
        self.assertEqual(b"deep", read(volume("a/b/c")))
        self.assertFalse(os.path.exists(volume("a/b/d")))

    def test_changes_outside_appear_after_refresh(self):
        self.bucket.put("folder/kept", b"kept")
        self.bucket.put("folder/changed", b"before")
        self.bucket.put("folder/gone", b"gone")
        volume = self.mount("--refresh", "1s")
        self.assertEqual(["changed", "gone", "kept"], sorted(os.listdir(volume("folder"))))
        self.assertEqual(b"before", read(volume("folder/changed")))
        self.bucket.put("folder/new", b"new")
        self.bucket.put("folder/changed", b"afterwards")
        self.bucket.delete("folder/gone")
        mount.wait_until(lambda: sorted(os.listdir(volume("folder"))) == ["changed", "kept", "new"],
                         "the listing shows the changes", 20)
        mount.wait_until(lambda: content_or_none(volume("folder/changed")) == b"afterwards",
                         "the new content is read", 20)
        self.assertEqual(b"new", read(volume("folder/new")))
        self.assertEqual(b"kept", read(volume("folder/kept")))

    def test_own_files_live_beside_others(self):
        self.bucket.put("folder/theirs", b"theirs")
        volume = self.mount("--refresh", "1s")
        with open(volume("folder/ours"), "wb") as target:
            target.write(b"ours")
        os.rename(volume("folder/theirs"), volume("folder/renamed"))
        with open(volume("folder/renamed"), "ab") as target:
            target.write(b", changed")
        volume.settled()
        self.assertEqual({"folder/ours": 4, "folder/renamed": 15}, self.bucket.list())
        self.assertEqual(b"theirs, changed", self.bucket.get("folder/renamed"))
        os.unlink(volume("folder/renamed"))
        volume.settled()
        self.assertEqual({"folder/ours": 4}, self.bucket.list())

    def test_what_others_wrote_meanwhile_is_kept(self):
        """Whether the store decides conditions itself or is looked at before the request."""
        volume = self.mount("--refresh", "never")
        for name in ("replaced", "removed", "moved"):
            with open(volume(name), "wb") as target:
                target.write(b"ours")
        volume.settled()
        for name in ("replaced", "removed", "moved"):
            self.bucket.put(name, b"of another writer")
        with open(volume("replaced"), "wb") as target:
            target.write(b"ours again")
        os.unlink(volume("removed"))
        os.rename(volume("moved"), volume("elsewhere"))
        volume.unmount()
        self.assertEqual(b"ours again", self.bucket.get("replaced"))
        found = self.bucket.list()
        kept = [key for key in found if key.startswith("replaced.conflict-")]
        self.assertEqual({"replaced", "removed", "moved", *kept}, set(found))
        self.assertEqual(1, len(kept))
        for key in ("removed", "moved", *kept):
            self.assertEqual(b"of another writer", self.bucket.get(key))

    def test_replaced_while_being_read(self):
        """Bytes of two versions never meet in one reading: it goes on with the old or it fails."""
        old, new = (random.Random(seed).randbytes(48 * MIB) for seed in (2, 3))
        self.bucket.put("large", old)
        volume = self.mount("--refresh", "never")
        with open(volume("large"), "rb", buffering=0) as source:
            got = source.read(4096)
            self.bucket.put("large", new)
            try:
                while piece := source.read(MIB):
                    got += piece
            except OSError as error:
                self.assertIn(error.errno, (errno.EIO, errno.ESTALE))
        self.assertTrue(got == old[:len(got)])

    def test_read_only(self):
        self.bucket.put("file", b"content")
        volume = self.mount("--read-only")
        self.assertEqual(b"content", read(volume("file")))
        for change in (lambda: os.open(volume("file"), os.O_RDWR),
                       lambda: os.open(volume("new"), os.O_WRONLY | os.O_CREAT),
                       lambda: os.unlink(volume("file")), lambda: os.mkdir(volume("folder")),
                       lambda: os.rename(volume("file"), volume("other"))):
            with self.assertRaises(OSError) as caught:
                change()
            self.assertEqual(errno.EROFS, caught.exception.errno)
        self.assertEqual({"file": 7}, self.bucket.list())

    @unittest.skipUnless(mount.KIND == "azure", "only Azure names what it has by blocks")
    def test_a_patch_names_the_blocks_it_leaves(self):
        body = bytearray(random.Random(7).randbytes(40 * MIB))
        volume = self.mount()
        with open(volume("large"), "wb") as target:
            target.write(body)
        volume.settled()
        before = self.bucket.client.blocks(self.bucket.prefix + "large")
        self.assertEqual([8 * MIB] * 5, [size for _, size in before])
        volume.remount()
        with open(volume("large"), "r+b") as target:
            target.seek(20 * MIB)
            target.write(b"p" * 4096)
            target.seek(0, os.SEEK_END)
            target.write(b"tail")
        body[20 * MIB:20 * MIB + 4096] = b"p" * 4096
        body += b"tail"
        volume.settled()
        after = self.bucket.client.blocks(self.bucket.prefix + "large")
        self.assertEqual([8 * MIB] * 5 + [4], [size for _, size in after])
        self.assertEqual([0, 1, 3, 4], [i for i in range(5) if before[i] == after[i]])
        self.assertTrue(self.bucket.get("large") == bytes(body))

    @unittest.skipUnless(mount.ON_SERVER, "a folder cannot hold such keys")
    def test_keys_that_are_no_names(self):
        keys = ["a//b", "/leading", "dot/../up", "dot/./here", "both", "both/below", "folder/",
                "long/" + "n" * 300, "trailing/slash/", "plain"]
        if mount.KIND == "azure":   # takes a '.' before a '/' for something else
            keys = [key for key in keys if "./" not in key]
        for key in keys:
            self.bucket.put(key, key.encode())
        volume = self.mount()
        found = set()
        for folder, _, names in os.walk(volume.path):
            for name in names:
                self.assertLessEqual(len(name.encode()), 255)
                found.add(read(os.path.join(folder, name)))
        missing = {key.encode() for key in keys if not key.endswith("/")} - found
        self.assertEqual(set(), missing, "every object is reachable by some name")
        self.assertTrue(os.path.isdir(volume("folder")))
        self.assertTrue(os.path.isdir(volume("trailing/slash")))
        with open(volume("plain"), "wb") as target:
            target.write(b"changed")
        volume.settled()
        self.assertEqual({key: len(key) for key in keys} | {"plain": 7}, self.bucket.list())


if __name__ == "__main__":
    mount.main()
