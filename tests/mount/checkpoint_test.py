#!/usr/bin/env python3
"""Checkpoints: saved as libraries save them, restored after a remount, the same in the bucket."""

import os
import random
import sys
import unittest

import mount
from proxy import Proxy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../packaging"))
import checkpoint  # noqa: E402

MIB = 1 << 20


class Checkpoint(mount.MountTest):
    def save(self, volume, name, size_mib, extra=b""):
        """A safetensors-shaped file on the mount; returns its bytes."""
        tensors = checkpoint.make_tensors(size_mib)
        tensors["extra"] = extra
        header = checkpoint.encode_header(tensors)
        checkpoint.write_file(volume(name), header, tensors)
        return header + b"".join(tensors.values())

    def test_save_remount_restore(self):
        volume = self.mount()
        whole = self.save(volume, "model.safetensors", 96, b"first")
        volume.remount()
        restored = checkpoint.map_tensors(volume("model.safetensors"))
        self.assertEqual(b"first", restored["extra"])
        self.assertEqual(checkpoint.digest(checkpoint.make_tensors(96) | {"extra": b"first"}),
                         checkpoint.digest(restored))
        volume.settled()
        self.assertEqual({"model.safetensors": len(whole)}, self.bucket.list())
        self.assertTrue(whole == self.bucket.get("model.safetensors"))

    def test_saved_beside_renamed_removed(self):
        """As libraries save that want the old one or the new one: under another name first."""
        volume = self.mount()
        for extra in (b"old", b"new"):
            whole = self.save(volume, "model.tmp", 24, extra)
            os.replace(volume("model.tmp"), volume("model"))
        volume.remount()
        self.assertEqual(["model"], os.listdir(volume.path))
        self.assertEqual(b"new", checkpoint.map_tensors(volume("model"))["extra"])
        volume.settled()
        self.assertEqual({"model": len(whole)}, self.bucket.list())
        self.assertTrue(whole == self.bucket.get("model"))
        os.unlink(volume("model"))
        volume.unmount()
        self.assertEqual({}, self.bucket.list())

    def test_restore_from_the_bucket_alone(self):
        """State and cache are lost: what is in the bucket is all there is."""
        volume = self.mount()
        whole = self.save(volume, "model.safetensors", 40)
        volume.unmount()
        other = self.mount()
        with open(other("model.safetensors"), "rb") as source:
            self.assertTrue(whole == source.read())

    def test_new_version_replaces_the_old(self):
        volume = self.mount()
        old = self.save(volume, "model", 12, b"old")
        with open(volume("model"), "rb") as reader:
            new = self.save(volume, "model", 20, b"new")
            self.assertTrue(old == reader.read(), "an open file keeps its version")
        with open(volume("model"), "rb") as reader:
            self.assertTrue(new == reader.read())
        volume.settled()
        self.assertEqual({"model": len(new)}, self.bucket.list())
        self.assertTrue(new == self.bucket.get("model"))

    def test_saved_in_place(self):
        """As torch.save does: O_TRUNC on the name itself, small and large writes in turn."""
        volume = self.mount()
        generator = random.Random(7)
        for count in (30, 12):
            pieces = []
            for _ in range(count):
                pieces += [generator.randbytes(generator.randrange(64, 700)),
                           generator.randbytes(generator.randrange(2 * MIB))]
            with open(volume("model.pt"), "wb", buffering=8192) as target:
                for piece in pieces:
                    target.write(piece)
            whole = b"".join(pieces)
            with open(volume("model.pt"), "rb") as source:
                self.assertTrue(whole == source.read())
            self.assertTrue(whole == self.bucket.get("model.pt"), "close returned: it is there")

    def test_header_patched_at_the_end(self):
        """As numpy.savez and HDF5 do: the first bytes are written again last."""
        volume = self.mount()
        body = bytearray(random.Random(8).randbytes(24 * MIB))
        with open(volume("arrays.npz"), "wb") as target:
            target.write(body)
            target.seek(0)
            target.write(b"header" * 8)
        body[:48] = b"header" * 8
        self.assertTrue(body == self.bucket.get("arrays.npz"))
        volume.remount()
        with open(volume("arrays.npz"), "rb") as source:
            self.assertTrue(body == source.read())

    @unittest.skipUnless(mount.KIND == "local", "hides a file of the folder")
    def test_restore_after_save_needs_no_object(self):
        volume = self.mount("--refresh", "never")
        whole = self.save(volume, "model", 40)
        volume.settled()
        os.rename(self.bucket.path("model"), os.path.join(self.folder, "hidden"))
        with open(volume("model"), "rb") as source:
            self.assertTrue(whole == source.read())
        os.rename(os.path.join(self.folder, "hidden"), self.bucket.path("model"))

    @unittest.skipUnless(mount.ON_SERVER, "counts requests of the network")
    def test_restore_after_save_sends_no_get(self):
        proxy = Proxy(self.bucket.endpoint)
        self.addCleanup(proxy.stop)
        self.bucket.lead_through(proxy.endpoint)
        volume = self.mount("--refresh", "never")
        whole = self.save(volume, "model", 64)
        self.assertGreaterEqual(len(proxy.requests("PUT")), 8, "parts leave through the proxy")
        volume.settled()
        proxy.forget()
        self.assertEqual(checkpoint.digest(checkpoint.make_tensors(64) | {"extra": b""}),
                         checkpoint.digest(checkpoint.map_tensors(volume("model"))))
        with open(volume("model"), "rb") as source:
            self.assertTrue(whole == source.read())
        self.assertEqual([], [r for r in proxy.requests("GET") if self.bucket.listing not in r[1]])
        volume.remount()
        proxy.forget()
        with open(volume("model"), "rb") as source:
            self.assertTrue(whole == source.read())
        self.assertEqual([], [r for r in proxy.requests("GET") if self.bucket.listing not in r[1]])


if __name__ == "__main__":
    mount.main()
