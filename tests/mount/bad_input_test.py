#!/usr/bin/env python3
"""Wrong commands and surroundings: refused in bounded time, with a message that says what to do."""

import os
import signal
import sqlite3
import subprocess
import time
import unittest

import mount
from region_gate import RegionGate

QUICK_S = 40   # no refusal takes longer, also when the store does not answer


class BadInput(mount.MountTest):
    def cairnfs(self, *arguments, environment=None):
        return subprocess.run([mount.BINARY, *arguments], capture_output=True, text=True,
                              timeout=QUICK_S, check=False, stdin=subprocess.DEVNULL,
                              env={**os.environ, **(environment or {})})

    def refused(self, volume, *words, environment=None, options=()):
        """The mount command, as a user runs it, fails with all these words and mounts nothing."""
        done = self.cairnfs(*volume.command()[1:], *options, environment=environment)
        text = done.stdout + done.stderr
        self.assertNotEqual(0, done.returncode, text)
        self.assertFalse(volume not in mount.Mount.live and mount.is_mounted(volume.path))
        for word in words:
            self.assertIn(word.lower(), text.lower())
        for name in ("AWS_SECRET_ACCESS_KEY", "AZURE_STORAGE_KEY"):
            for secret in (os.environ.get(name), (environment or {}).get(name)):
                if secret:
                    self.assertNotIn(secret, text)
        return text

    def unstarted(self, *options, bucket=None):
        return self.mount(*options, bucket=bucket, start=False)

    # --- the command line ---

    def test_mount_in_the_background(self):
        """The counter-example: exit status 0 means that the mount works now."""
        volume = self.unstarted()
        done = self.cairnfs(*volume.command()[1:])
        self.assertEqual(0, done.returncode, done.stderr)
        self.addCleanup(self.end_daemon, volume)
        with open(volume("file"), "wb") as target:
            target.write(b"x")
        done = self.cairnfs("umount", volume.path)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertFalse(mount.is_mounted(volume.path))
        self.assertEqual({"file": 1}, self.bucket.list())

    def test_a_mount_that_fails_in_the_background_leaves_nothing_behind(self):
        nowhere = mount.LocalBucket(os.path.join(self.folder, "bucket"))
        nowhere.destroy()
        volume = self.unstarted(bucket=nowhere)
        self.refused(volume, "there is no such directory")
        self.assertFalse(os.path.exists(volume.state))

    def end_daemon(self, volume):
        """Ends the daemon of a mount in the background, found by the folder it was given."""
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as source:
                    words = source.read().split(b"\0")
            except OSError:
                continue
            if volume.path.encode() in words and mount.BINARY.encode() in words:
                os.kill(int(entry), signal.SIGKILL)

    def test_unknown_option(self):
        self.refused(self.unstarted(), "--memory-limt", "--memory-limit",
                     options=["--memory-limt", "1GiB"])
        self.refused(self.unstarted(), "cache-dri", "cache-dir", options=["-o", "cache-dri=/tmp"])

    def test_unknown_command(self):
        done = self.cairnfs("mout", self.bucket.url, self.folder)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("mount", done.stderr)

    def test_words_of_mount_are_checked_as_options_are(self):
        for word, complaint in (("log-level=loud", "loud"), ("connections=0", "connections"),
                                ("refresh", "needs a value"), ("read-only=yes", "no value")):
            self.refused(self.unstarted(), complaint, options=["-o", word])

    def test_words_of_mount_do_what_options_do(self):
        log = os.path.join(self.folder, "words.log")
        volume = self.mount("-o", f"ro,noatime,log-level=debug,connections=2,log-file={log}")
        with self.assertRaises(OSError):
            open(volume("file"), "wb")
        volume.unmount()
        with open(log, encoding="utf-8") as source:
            self.assertIn("mounted", source.read())

    def test_values_that_make_no_sense(self):
        self.refused(self.unstarted(), "--memory-limit", options=["--memory-limit", "plenty"])
        self.refused(self.unstarted(), "--memory-limit", options=["--memory-limit", "1MiB"])
        self.refused(self.unstarted(), "--cache-size", options=["--cache-size", "-5"])
        volume = self.unstarted()
        done = self.cairnfs("mount", "ftp://host/x", volume.path)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("ftp", done.stderr)

    # --- the mount point ---

    def test_mount_point_missing(self):
        volume = self.unstarted()
        os.rmdir(volume.path)
        self.refused(volume, volume.path, "does not exist")

    def test_mount_point_not_empty(self):
        volume = self.unstarted()
        with open(volume("file"), "wb"):
            pass
        self.refused(volume, volume.path, "not empty")

    @unittest.skipIf(mount.ON_SERVER, "only a folder can hold a mount")
    def test_mount_point_in_the_bucket(self):
        volume = self.unstarted()
        volume.path = self.bucket.path("inside")
        for options in ((), ("-o", "nonempty")):
            os.makedirs(volume.path, exist_ok=True)
            self.refused(volume, volume.path, "lies in the bucket", options=options)
            volume.path = self.bucket.folder

    @unittest.skipIf(mount.ON_SERVER, "only a folder can hold them")
    def test_our_own_files_in_the_bucket(self):
        for place in ("state", "cache"):
            volume = self.unstarted()
            setattr(volume, place, self.bucket.path("ours"))
            self.refused(volume, f"--{place}-dir", "lies in the bucket")
        self.assertEqual([], os.listdir(self.bucket.folder))

    def test_mount_point_is_a_file(self):
        volume = self.unstarted()
        os.rmdir(volume.path)
        with open(volume.path, "wb"):
            pass
        self.refused(volume, volume.path, "not a directory")

    def test_already_mounted(self):
        self.refused(self.mount(), "already mounted")

    def test_mount_of_a_daemon_that_was_killed(self):
        """Nothing works in it any more: the next mount takes it away."""
        volume = self.mount()
        volume.process.kill()
        volume.process.wait()
        done = self.cairnfs(*volume.command()[1:])
        self.assertEqual(0, done.returncode, done.stderr)
        self.addCleanup(self.end_daemon, volume)
        self.assertIn("whose daemon had died", done.stderr)
        self.assertEqual([], os.listdir(volume.path))
        self.assertEqual(0, self.cairnfs("umount", volume.path).returncode)
        self.assertFalse(mount.is_mounted(volume.path))

    @unittest.skipUnless(os.geteuid() == 0, "becomes another user: needs root")
    def test_user_without_a_home(self):
        """The system's word on it counts; where it knows none the options are named."""
        volume = self.unstarted()
        nobody = 54321
        os.chmod(self.folder, 0o755)
        os.chown(volume.path, nobody, nobody)
        done = subprocess.run([mount.BINARY, "mount", self.bucket.url, volume.path], text=True,
                              capture_output=True, timeout=QUICK_S, check=False, user=nobody,
                              group=nobody, env={"PATH": os.environ["PATH"]})
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn("--state-dir", done.stderr)

    def test_umount_of_what_is_not_mounted(self):
        done = self.cairnfs("umount", self.folder)
        self.assertNotEqual(0, done.returncode)
        self.assertIn(self.folder, done.stderr)

    # --- state and cache ---

    def test_two_daemons_on_one_state_directory(self):
        first = self.mount()
        second = self.unstarted()
        second.state = first.state
        self.refused(second, first.state)

    def test_state_directory_of_another_volume(self):
        first = self.mount()
        with open(first("file"), "wb") as target:
            target.write(b"x")
        first.unmount()
        other = self.make_bucket("bucket2")
        self.addCleanup(other.destroy)
        second = self.unstarted(bucket=other)
        second.state = first.state
        self.refused(second, first.state)

    def test_database_of_a_newer_version(self):
        volume = self.mount()
        volume.unmount()
        database = sqlite3.connect(os.path.join(volume.state, "meta.db"))
        database.execute("PRAGMA user_version = 9999")
        database.close()
        self.refused(volume, "newer")

    def test_database_that_is_none(self):
        volume = self.mount()
        volume.unmount()
        for name in ("meta.db-wal", "meta.db-shm"):
            if os.path.exists(os.path.join(volume.state, name)):
                os.unlink(os.path.join(volume.state, name))
        with open(os.path.join(volume.state, "meta.db"), "r+b") as target:
            target.write(b"this is no database at all" * 200)
        self.refused(volume, "meta.db")

    # --- the store ---

    def test_no_such_bucket(self):
        volume = self.unstarted()
        volume.bucket.url = {
            "local": "file://" + os.path.join(self.folder, "no-such-bucket-anywhere"),
            "s3": "s3://no-such-bucket-anywhere",
            "azure": f"az://{os.environ.get('AZURE_STORAGE_ACCOUNT')}/no-such-bucket-anywhere",
        }[mount.KIND]
        self.refused(volume, "no-such-bucket-anywhere")

    @unittest.skipUnless(mount.ON_SERVER, "a folder has no keys")
    def test_wrong_key(self):
        wrong = "wrong" * 8
        self.refused(self.unstarted(), "denied",
                     {"s3": "AWS_ACCESS_KEY_ID of the environment",
                      "azure": "AZURE_STORAGE_KEY"}[mount.KIND],
                     environment={"AWS_SECRET_ACCESS_KEY": wrong, "AZURE_STORAGE_KEY": wrong})

    @unittest.skipUnless(mount.ON_SERVER, "a folder has no address")
    def test_wrong_scheme_of_the_endpoint(self):
        variable = "CAIRNFS_TEST_AZURE" if mount.KIND == "azure" else "CAIRNFS_TEST"
        plain, tls = os.environ[variable + "_ENDPOINT"], os.environ[variable + "_TLS_ENDPOINT"]
        self.refused(self.unstarted(), "does not speak TLS there: write http://",
                     options=["--endpoint", plain.replace("http:", "https:")])
        # A connection that is reset rather than closed leaves the more general words.
        self.refused(self.unstarted(), "http or https",
                     options=["--endpoint", tls.replace("https:", "http:")])

    @unittest.skipUnless(mount.KIND == "s3", "only these keys have names")
    def test_unknown_key(self):
        self.refused(self.unstarted(), "", environment={"AWS_ACCESS_KEY_ID": "NOSUCHKEY0000000000"})

    @unittest.skipUnless(mount.KIND == "azure", "only these secrets are text of their own")
    def test_secrets_that_are_none(self):
        for name in ("AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN",
                     "AZURE_STORAGE_CONNECTION_STRING"):
            said = self.refused(self.unstarted(), "azure",
                                environment={"AZURE_STORAGE_KEY": "", name: "hunter2!"})
            self.assertNotIn("hunter2", said)

    @unittest.skipUnless(mount.ON_SERVER, "a folder has no keys")
    def test_no_credentials(self):
        empty = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": self.folder,
                 "AZURE_STORAGE_KEY": "",
                 "AWS_EC2_METADATA_DISABLED": "true"}
        self.refused(self.unstarted(), "no credentials found", "anonymous"
                     if mount.KIND == "azure" else "AWS_ACCESS_KEY_ID", environment=empty)

    @unittest.skipUnless(mount.KIND == "s3", "a folder has no region")
    def test_wrong_region(self):
        """A store that names the right region is mounted with it; one that does not is refused."""
        for tells in (False, True):
            gate = RegionGate(os.environ["CAIRNFS_TEST_ENDPOINT"], "mars-1", tells)
            self.addCleanup(gate.stop)
            wrong = {"AWS_ENDPOINT_URL": gate.endpoint, "AWS_REGION": "eu-west-9"}
            if not tells:
                self.refused(self.unstarted(), "--region", "eu-west-9", environment=wrong)
                continue
            bucket = self.make_bucket()
            bucket.environment.update(wrong)
            volume = self.mount(bucket=bucket)
            with open(volume("file"), "wb") as target:
                target.write(b"from far away")
            volume.unmount()
            self.assertEqual({"file": 13}, bucket.list())

    @unittest.skipUnless(mount.ON_SERVER, "a folder is always there")
    def test_endpoint_down(self):
        began = time.monotonic()
        self.refused(self.unstarted(), "127.0.0.1:9",
                     environment={"AWS_ENDPOINT_URL": "http://127.0.0.1:9",
                                  "AZURE_STORAGE_BLOB_ENDPOINT": "http://127.0.0.1:9"})
        self.assertLess(time.monotonic() - began, QUICK_S)


if __name__ == "__main__":
    mount.main()
