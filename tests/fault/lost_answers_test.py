#!/usr/bin/env python3
"""The store commits and its answer is lost: through a mount nobody notices, and nothing is there twice."""

import os
import random

import mount
from proxy import Proxy

MIB = 1 << 20


def write(path, content):
    with open(path, "wb") as target:
        target.write(content)


class LostAnswers(mount.MountTest):
    def setUp(self):
        super().setUp()
        self.proxy = Proxy(self.bucket.endpoint)
        self.addCleanup(self.proxy.stop)
        self.bucket.lead_through(self.proxy.endpoint)
        self.volume = self.mount()
        write(self.volume("first"), b"first")   # the store finds out what the server can do
        self.small = random.Random(1).randbytes(300_000)
        self.large = random.Random(2).randbytes(24 * MIB)

    def expect(self, lost, **contents):
        """So many answers were lost; the bucket and a new mount have these files and nothing else."""
        self.volume.settled()
        self.assertEqual(lost, self.proxy.lost)
        contents["first"] = b"first"
        self.bucket.wait_for({name: len(content) for name, content in contents.items()})
        for name, content in contents.items():
            self.assertTrue(content == self.bucket.get(name), name)
        self.volume.remount()
        self.assertEqual(sorted(contents), sorted(os.listdir(self.volume.path)))
        for name, content in contents.items():
            with open(self.volume(name), "rb") as source:
                self.assertTrue(content == source.read(), name)

    def test_of_a_new_file(self):
        self.proxy.lose("PUT", "/model")
        write(self.volume("model"), self.small)
        self.expect(1, model=self.small)

    def test_of_every_try_but_the_last(self):
        self.proxy.lose("PUT", "/model", times=3)
        write(self.volume("model"), self.small)
        self.expect(3, model=self.small)

    def test_of_a_file_that_is_written_again(self):
        write(self.volume("model"), self.small[:1000])
        self.proxy.lose("PUT", "/model")
        write(self.volume("model"), self.small)
        self.expect(1, model=self.small)

    def test_of_a_part(self):
        self.proxy.lose("PUT", "partNumber=2")
        write(self.volume("model"), self.large)
        self.expect(1, model=self.large)

    def test_of_a_completed_upload(self):
        self.proxy.lose("POST", "uploadId=")
        write(self.volume("model"), self.large)
        self.expect(1, model=self.large)

    def test_of_the_copy_of_a_renamed_file(self):
        write(self.volume("model"), self.small)
        self.proxy.lose("PUT", "/moved")
        os.rename(self.volume("model"), self.volume("moved"))
        self.expect(1, moved=self.small)

    def test_of_a_delete(self):
        write(self.volume("model"), self.small)
        self.proxy.lose("POST", "?delete")
        self.proxy.lose("DELETE", "/model")
        os.unlink(self.volume("model"))
        self.expect(1)


if __name__ == "__main__":
    mount.main()
