#!/usr/bin/env python3
"""The server goes away while files are read and written, and comes back."""

import functools
import os
import random
import signal
import subprocess
import sys
import threading
import time
import unittest

import mount
from proxy import Proxy

MIB = 1 << 20
BOUND_S = 150   # no call on the mount waits longer for a store that does not answer
STORE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support/stores", mount.KIND)


def read(path):
    with open(path, "rb") as source:
        return source.read()


class Outage(mount.MountTest):
    def setUp(self):
        super().setUp()
        self.proxy = Proxy(self.bucket.endpoint)
        self.addCleanup(self.proxy.stop)
        self.bucket.lead_through(self.proxy.endpoint)

    def stored(self, key):
        return self.bucket.list(key).get(key) is not None and self.bucket.get(key)

    def test_short_outage_during_a_save_is_not_seen(self):
        volume = self.mount()
        body = random.Random(1).randbytes(24 * MIB)
        with open(volume("model"), "wb", buffering=0) as target:
            target.write(body[:10 * MIB])
            self.proxy.stop()
            target.write(body[10 * MIB:])
            threading.Timer(8, self.proxy.resume).start()
        self.assertTrue(body == self.bucket.get("model"))

    def test_saved_bytes_are_sent_when_the_server_is_back(self):
        volume = self.mount()
        body = random.Random(2).randbytes(24 * MIB)
        target = open(volume("model"), "wb", buffering=0)
        target.write(body)
        self.proxy.stop()
        began = time.monotonic()
        with self.assertRaises(OSError):
            target.close()
        self.assertLess(time.monotonic() - began, BOUND_S)
        self.assertTrue(body == read(volume("model")), "the bytes are kept")
        self.proxy.resume()
        mount.wait_until(lambda: self.stored("model") == body, "the bytes are sent", 60)

    def test_who_waits_for_a_store_that_is_away_can_be_ended(self):
        """In close(), by a signal that ends it or Ctrl-C that it catches; as it ends itself, by one
        that had ended it. The bytes are sent all the same."""
        volume = self.mount()
        catches = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        saves = "import os, sys; f = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT); " \
                "os.write(f, sys.argv[1].encode()); print(flush=True); sys.stdin.readline(); "
        cases = {"closing": (saves + "os.close(f)", signal.SIGTERM, -signal.SIGTERM),
                 "catching": (catches + saves + "os.close(f)", signal.SIGINT, -signal.SIGINT),
                 "ending": (saves + "os.kill(os.getpid(), 15)", None, -signal.SIGTERM)}
        for name, (program, number, status) in cases.items():
            with subprocess.Popen([sys.executable, "-c", program, volume(name)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL) as writer:
                writer.stdout.readline()
                self.proxy.stop()
                writer.stdin.close()
                if number:
                    mount.wait_until(lambda: self.is_closing(writer.pid), f"{name} waits")
                    writer.send_signal(number)
                self.assertEqual(status, writer.wait(BOUND_S), name)
            self.proxy.resume()
            mount.wait_until(lambda: self.stored(name) == volume(name).encode(), "it is sent", 60)
        with open(volume.log, encoding="utf-8") as log:
            self.assertEqual(len(cases), log.read().count("told to end"))

    @staticmethod
    def is_closing(pid):
        """The process waits for the daemon's answer to its close."""
        try:
            with open(f"/proc/{pid}/wchan", encoding="ascii") as source:
                return "request_wait_answer" in source.read()
        except OSError:
            return False

    def test_saved_bytes_are_sent_at_the_next_mount(self):
        volume = self.mount()
        body = random.Random(3).randbytes(24 * MIB)
        target = open(volume("model"), "wb", buffering=0)
        target.write(body)
        self.proxy.stop()
        with self.assertRaises(OSError):
            target.close()
        volume.kill()
        self.proxy.resume()
        volume.start()
        mount.wait_until(lambda: self.stored("model") == body, "the bytes are sent", 60)
        self.assertTrue(body == read(volume("model")))

    def test_reading_while_the_server_is_away(self):
        body = random.Random(4).randbytes(16 * MIB)
        self.bucket.put("far", body)
        self.bucket.put("near", b"near")
        volume = self.mount("--refresh", "never")
        self.assertEqual(b"near", read(volume("near")))
        self.assertIn("far", os.listdir(volume.path))
        self.proxy.stop()
        self.assertEqual(b"near", read(volume("near")), "what is here needs no server")
        began = time.monotonic()
        with self.assertRaises(OSError):
            read(volume("far"))
        self.assertLess(time.monotonic() - began, BOUND_S)
        self.proxy.resume()
        mount.wait_until(lambda: self.try_read(volume("far")) == body, "reading works again", 60)

    @staticmethod
    def try_read(path):
        try:
            return read(path)
        except OSError:
            return None

    def test_unmounting_while_the_server_is_away(self):
        volume = self.mount()
        with open(volume("saved"), "wb") as target:
            target.write(b"saved")
        os.rename(volume("saved"), volume("moved"))
        self.proxy.stop()
        command = [mount.BINARY, "umount", "--timeout", "6s", volume.path]
        refused = subprocess.run(command, capture_output=True, text=True, check=False,
                                 timeout=BOUND_S)
        self.assertNotEqual(0, refused.returncode, "there is something left to send")
        self.assertIn("--force", refused.stderr)
        self.assertIn("waiting: 1 file to move", refused.stderr)
        self.assertTrue(mount.is_mounted(volume.path))
        began = time.monotonic()
        subprocess.run([*command, "--force"], capture_output=True, check=False, timeout=BOUND_S)
        volume.process.wait(BOUND_S)
        mount.Mount.live.discard(volume)
        self.assertLess(time.monotonic() - began, BOUND_S)
        self.assertFalse(mount.is_mounted(volume.path))
        self.proxy.resume()
        volume.start()
        self.assertEqual(b"saved", read(volume("moved")))
        volume.settled()
        self.assertEqual({"moved": 5}, self.bucket.list())

    @unittest.skipUnless(os.geteuid() == 0, "starts a server of its own: needs root")
    def test_server_killed_and_restarted_during_saves(self):
        """A server of this test's own is killed. No close fails, as the server is back before the
        retries end, and every file is there."""
        environment = {**os.environ, "CAIRNFS_TEST_INSTANCE": f"outage-{os.getpid()}"}
        stop = functools.partial(subprocess.run, [STORE, "down"], env=environment, check=False)
        mount.last_resort.append(stop)
        self.addCleanup(stop)
        exports = subprocess.run([STORE, "up"], env=environment, stdout=subprocess.PIPE, text=True,
                                 check=True).stdout
        values = dict(line.split(" ", 1)[1].split("=", 1) for line in exports.splitlines())
        bucket = mount.SERVER_BUCKETS[mount.KIND](values)
        bucket.environment = values
        volume = self.mount(bucket=bucket)
        wanted = {f"file{n}": random.Random(n).randbytes(n * 200_000) for n in range(40)}
        saved = []

        def save_all():
            for name, body in wanted.items():
                with open(volume(name), "wb") as target:
                    target.write(body)
                saved.append(name)

        writer = threading.Thread(target=save_all)
        writer.start()
        for _ in range(2):
            time.sleep(0.3)
            subprocess.run([STORE, "kill"], env=environment, check=True)
            time.sleep(1)
            subprocess.run([STORE, "restart"], env=environment, check=True)
        writer.join()
        self.assertEqual(list(wanted), saved, "every close succeeds")
        self.assertEqual({name: len(body) for name, body in wanted.items()}, bucket.list())
        for name, body in wanted.items():
            self.assertTrue(body == bucket.get(name), name)
        volume.unmount()


if __name__ == "__main__":
    mount.main()
