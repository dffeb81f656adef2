#!/usr/bin/env python3
"""A mount of a directory bucket (S3 Express), played from its documentation before a real server."""

import os
import random
import unittest

import mount
from aws_services import Issuer
from directory_bucket import NAME, DirectoryBucket

MIB = 1 << 20
SESSIONS = 3   # work goes on until so many were used


class Express(mount.MountTest):
    def setUp(self):
        super().setUp()
        accounts = Issuer(life_s=3600)
        account = accounts.issue()
        behind = self.bucket.url.removeprefix("s3://").partition("/")[0]
        self.zone = DirectoryBucket(accounts, self.bucket.client, behind)
        self.addCleanup(self.zone.close)
        self.bucket.url = f"s3://{NAME}/{self.bucket.prefix}"
        self.bucket.environment = {
            "HOME": self.folder, "AWS_ENDPOINT_URL": self.zone.url, "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": account.id, "AWS_SECRET_ACCESS_KEY": account.secret,
            "AWS_SESSION_TOKEN": account.token, "AWS_EC2_METADATA_DISABLED": "true"}

    def test_a_working_day_over_sessions_of_five_seconds(self):
        contents = {}
        volume = self.mount()
        while self.zone.sessions.count() < SESSIONS:
            number = len(contents)
            content = bytearray(random.Random(number).randbytes(5000 * (number + 1)))
            contents[f"file{number}"] = content
            with open(volume(f"file{number}"), "wb") as target:
                target.write(content)
                os.fsync(target.fileno())
        # Patched: what stays is copied by the store, signed as the account.
        large = bytearray(random.Random(-1).randbytes(20 * MIB))
        for offset, piece in ((0, bytes(large)), (9 * MIB, b"patched")):
            with open(volume("large"), "r+b" if offset else "wb") as target:
                target.seek(offset)
                target.write(piece)
            large[offset:offset + len(piece)] = piece
        os.rename(volume("large"), volume("moved"))
        contents["moved"] = large
        volume.settled()
        volume.unmount()
        self.assertEqual({name: len(content) for name, content in contents.items()},
                         self.bucket.list())
        other = self.mount()
        self.assertEqual(sorted(contents), sorted(os.listdir(other.path)))
        for name, content in contents.items():
            with open(other(name), "rb") as source:
                self.assertTrue(bytes(content) == source.read(), name)
        # One that arrives just after its end is signed once more; nothing else is refused.
        self.assertLessEqual(set(self.zone.refused), {"ExpiredToken"})
        other.unmount()


if __name__ == "__main__":
    mount.main()
