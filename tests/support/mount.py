"""Real mounts for the end-to-end tests: buckets, the daemon, and a test case that cleans up.

A test module is one theme: classes derived from MountTest, and `mount.main()` at its end. ctest
runs it on a local folder and on a real server; CAIRNFS_TEST_BUCKET (local, s3 or azure)
says which.
Nothing outlives a module: daemons are ended by process id, mounts are detached, folders removed,
also when a test hangs, which the watchdog ends after CAIRNFS_TEST_LIMIT seconds.
"""

import contextlib
import faulthandler
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

from azureclient import AzureClient
from s3client import S3Client

BINARY = os.environ.get("CAIRNFS_BINARY", "")
KIND = os.environ.get("CAIRNFS_TEST_BUCKET", "local")
ON_SERVER = KIND != "local"
PATIENCE_S = float(os.environ.get("CAIRNFS_TEST_PATIENCE", "60"))
SKIPPED = 77


def wait_until(condition, what, seconds=PATIENCE_S):
    """Polls until condition() is true and returns its value; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.02)


def is_mounted(directory):
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        return any(line.split()[4] == directory for line in table)


def detach(directory):
    """Takes a mount out of the tree whatever its daemon does."""
    for command in (["umount", "-l"], ["fusermount3", "-u", "-z"]):
        if not is_mounted(directory):
            return
        subprocess.run([*command, directory], stderr=subprocess.DEVNULL, check=False)


# Calls that leave the machine clean; a test that ends on its own has made them already.
last_resort = []


class Bucket:
    """What all kinds have in common."""

    def list(self, prefix=""):
        """{key: size} of everything a user put there; what cairnfs keeps for itself is left out."""
        raise NotImplementedError

    def wait_for(self, wanted):
        """Waits until list() is this: an object goes some time after the last close of its file."""
        with contextlib.suppress(AssertionError):
            wait_until(lambda: self.list() == wanted, "", 20)
        unittest.TestCase().assertEqual(wanted, self.list())


class LocalBucket(Bucket):
    """A bucket that is a folder; its objects are the files that cairnfs keeps there."""

    def __init__(self, folder):
        self.folder = folder
        self.url = "file://" + folder
        self.environment = {}
        os.makedirs(folder, exist_ok=True)

    def path(self, key):
        return os.path.join(self.folder, key)

    def put(self, key, content):
        os.makedirs(os.path.dirname(self.path(key)), exist_ok=True)
        temporary = os.path.join(os.path.dirname(self.folder), "object." + secrets.token_hex(8))
        with open(temporary, "wb") as target:
            target.write(content)
        os.replace(temporary, self.path(key))

    def get(self, key):
        with open(self.path(key), "rb") as source:
            return source.read()

    def delete(self, key):
        os.unlink(self.path(key))

    def list(self, prefix=""):
        found = {}
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = os.path.join(folder, name)
                key = os.path.relpath(path, self.folder)
                if key.startswith(prefix) and not key.startswith(".cairnfs"):
                    with contextlib.suppress(FileNotFoundError):
                        found[key] = os.stat(path).st_size
        return found

    def destroy(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class ServerBucket(Bucket):
    """A prefix of its own in a bucket of the server that `variables` describe, which is what its
    script prints."""

    def __init__(self, variables=os.environ):
        self.client = self.client_kind.from_environment(variables=variables)
        self.prefix = f"t-{secrets.token_hex(6)}/"
        self.url = f"{variables[self.variables + '_URL']}/{self.prefix}"
        self.endpoint = variables[self.variables + "_ENDPOINT"]
        self.environment = {}

    def lead_through(self, endpoint):
        """Mounts reach the server there."""
        self.environment[self.endpoint_variable] = endpoint

    def put(self, key, content):
        self.client.put(self.prefix + key, content)

    def get(self, key):
        return self.client.get(self.prefix + key)

    def delete(self, key):
        self.client.delete(self.prefix + key)

    def list(self, prefix=""):
        at = len(self.prefix)
        return {key[at:]: size for key, size in self.client.list(self.prefix + prefix)
                if not key[at:].startswith(".cairnfs")}

    def destroy(self):
        for key, _ in list(self.client.list(self.prefix)):
            self.client.delete(key)


class S3Bucket(ServerBucket):
    client_kind = S3Client
    variables = "CAIRNFS_TEST"
    endpoint_variable = "AWS_ENDPOINT_URL"
    listing = "list-type"   # what the path of a request that lists has in it


class AzureBucket(ServerBucket):
    client_kind = AzureClient
    variables = "CAIRNFS_TEST_AZURE"
    endpoint_variable = "AZURE_STORAGE_BLOB_ENDPOINT"
    listing = "comp=list"


SERVER_BUCKETS = {"s3": S3Bucket, "azure": AzureBucket}


class Mount:
    """One cairnfs daemon in the foreground, on a bucket, with folders of its own that it keeps."""

    live = set()

    def __init__(self, bucket, folder, options=()):
        self.bucket = bucket
        self.path = os.path.join(folder, "mnt")
        self.state = os.path.join(folder, "state")
        self.cache = os.path.join(folder, "cache")
        self.log = os.path.join(folder, "log")
        self.options = list(options)
        self.process = None
        os.makedirs(self.path, exist_ok=True)

    def command(self):
        return [BINARY, "mount", self.bucket.url, self.path, "--state-dir", self.state,
                "--cache-dir", self.cache, *self.options]

    def __call__(self, *names):
        """The path of a name on the mount."""
        return os.path.join(self.path, *names)

    def launch(self):
        """Starts the daemon and does not wait for it."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.command(), "-f"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self.bucket.environment})
        Mount.live.add(self)

    def start(self):
        self.launch()

        def up():
            if self.process.poll() is not None:
                raise AssertionError(f"the mount ended with {self.process.returncode}:\n"
                                     + self.log_tail())
            return is_mounted(self.path) and self.status()

        wait_until(up, "the mount works")
        return self

    def status(self):
        """The daemon's own view: the JSON of user.cairnfs.status, or None."""
        try:
            return json.loads(os.getxattr(self.path, "user.cairnfs.status"))
        except OSError:
            return None

    def unmount(self):
        """As a user does; returns when everything is in the store and the daemon has ended."""
        done = subprocess.run([BINARY, "umount", self.path], capture_output=True, text=True,
                              timeout=PATIENCE_S + 60, check=False)
        if done.returncode != 0:
            raise AssertionError(f"umount: {done.stderr}{done.stdout}")
        code = self.process.wait(PATIENCE_S)
        Mount.live.discard(self)
        if code != 0:
            raise AssertionError(f"the daemon ended with {code}:\n{self.log_tail()}")

    def kill(self):
        """SIGKILL; the dead mount is taken away, state and cache stay."""
        self.process.kill()
        self.process.wait()
        detach(self.path)
        Mount.live.discard(self)

    def remount(self):
        self.unmount()
        return self.start()

    def settled(self):
        """Waits until renamed files have moved and deleted objects are gone."""
        def quiet():
            status = self.status() or {}
            return status and not any(status.get(n) for n in ("uploads", "settles", "deletes"))
        wait_until(quiet, "uploads, settles and deletes are done")

    def log_tail(self, lines=30):
        with open(self.log, encoding="utf-8", errors="replace") as source:
            return "".join(source.readlines()[-lines:])

    @classmethod
    def end_all(cls):
        for mount in list(cls.live):
            mount.kill()


class MountTest(unittest.TestCase):
    """A test with a folder, a bucket and, through self.mount(), mounts; all gone afterwards."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="cairnfs-test-")
        last_resort.append(lambda: shutil.rmtree(self.folder, ignore_errors=True))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.bucket = self.make_bucket()
        self.addCleanup(self.bucket.destroy)
        self.mounts = 0

    def make_bucket(self, name="bucket"):
        if ON_SERVER:
            return SERVER_BUCKETS[KIND]()
        return LocalBucket(os.path.join(self.folder, name))

    def mount(self, *options, bucket=None, start=True):
        self.mounts += 1
        folder = os.path.join(self.folder, f"mount{self.mounts}")
        mount = Mount(bucket or self.bucket, folder, options)
        self.addCleanup(self.take_away, mount)
        return mount.start() if start else mount

    def run(self, result=None):
        self.result = result
        self.problems_before = self.problems()
        return super().run(result)

    def problems(self):
        return len(self.result.failures) + len(self.result.errors) if self.result else 0

    def take_away(self, mount):
        if self.problems() > self.problems_before and os.path.exists(mount.log):
            sys.stderr.write(f"--- log of {mount.path}\n{mount.log_tail()}\n")
        if mount in Mount.live:
            mount.kill()
        detach(mount.path)


def run_out_of_time(seconds):
    """Ends a hanging test: dead daemons make its system calls return."""
    sys.stderr.write(f"the tests did not end within {seconds:.0f} s\n")
    faulthandler.dump_traceback(all_threads=True)
    for mount in list(Mount.live):
        sys.stderr.write(f"--- log of {mount.path}\n{mount.log_tail()}\n")
        os.kill(mount.process.pid, signal.SIGKILL)
        detach(mount.path)
    for call in reversed(last_resort):
        call()
    sys.stderr.flush()
    os._exit(1)


def missing():
    """Why mounts cannot be tested here, or an empty string."""
    if not os.access(BINARY, os.X_OK):
        raise SystemExit("CAIRNFS_BINARY must name the cairnfs program")
    if not os.path.exists("/dev/fuse"):
        return "there is no /dev/fuse"
    if ON_SERVER and not os.environ.get(SERVER_BUCKETS[KIND].variables + "_URL"):
        return f'no server: eval "$(tests/support/stores/{KIND} up)"'
    return ""


def start_watchdog():
    limit = float(os.environ.get("CAIRNFS_TEST_LIMIT", "280"))
    watchdog = threading.Timer(limit, run_out_of_time, [limit])
    watchdog.daemon = True
    watchdog.start()


def main():
    reason = missing()
    if reason:
        print("skipped:", reason)
        raise SystemExit(SKIPPED)
    start_watchdog()
    try:
        unittest.main(verbosity=2)
    finally:
        Mount.end_all()
