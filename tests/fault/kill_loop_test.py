#!/usr/bin/env python3
"""The kill loop: the daemon gets SIGKILL at random moments while a program saves files.

The writer saves as checkpoints are saved: temporary file, write, close, rename; no fsync. It says
which version of which file it has begun and which rename has returned. After every kill the volume
is mounted again with the state it had, and each file must be there whole, in the last version whose
rename returned or in a later one that was begun; nothing else is allowed in a file.
"""

import os
import random
import subprocess
import sys
import time

import mount

ROUNDS = int(os.environ.get("CAIRNFS_TEST_ROUNDS", "8"))
FILES = 6
SIZE_MAX = 12 << 20
MIB = 1 << 20
FOLDER = "saves"


def content(name, version):
    """The bytes of a version of a file; sizes from nothing to SIZE_MAX, half of them small."""
    generator = random.Random(f"{name} {version}")
    size = generator.randrange(SIZE_MAX if generator.random() < 0.5 else 256 << 10)
    return generator.randbytes(size)


def write_forever(folder, first_version):
    """The writer, a process of its own: ends when the mount dies under it."""
    version = first_version
    while True:
        for name in (f"file{i}" for i in range(FILES)):
            body = content(name, version)
            print("begun", name, version, flush=True)
            temporary = os.path.join(folder, f".{name}.tmp")
            with open(temporary, "wb", buffering=0) as target:
                for at in range(0, len(body), MIB):
                    target.write(body[at:at + MIB])
            os.rename(temporary, os.path.join(folder, name))
            print("saved", name, version, flush=True)
        version += 1


class KillLoop(mount.MountTest):
    def setUp(self):
        super().setUp()
        self.saved = {}   # name: newest version whose rename returned
        self.begun = {}   # name: newest version that was begun
        self.counts = {"kills": 0, "saves": 0, "checked": 0, "lost": 0, "torn": 0}

    def test_nothing_is_lost_or_torn(self):
        chance = random.Random(os.environ.get("CAIRNFS_TEST_SEED") or time.time_ns())
        volume = self.mount()
        os.mkdir(volume(FOLDER))
        for number in range(ROUNDS):
            self.save_until_killed(volume, number * 1000, chance.uniform(0.1, 2.0))
            if number % 3 == 2:   # a second kill while the mount still replays the first
                volume.launch()
                time.sleep(chance.uniform(0, 0.15))
                volume.kill()
                self.counts["kills"] += 1
            volume.start()
            self.check(lambda name: self.read(volume(FOLDER, name)))
        volume.unmount()
        self.check(lambda name: self.read_object(f"{FOLDER}/{name}"))
        print("kill loop:", ", ".join(f"{v} {k}" for k, v in self.counts.items()), flush=True)
        self.assertEqual(0, self.counts["lost"], self.counts)
        self.assertEqual(0, self.counts["torn"], self.counts)
        self.assertGreaterEqual(self.counts["saves"], ROUNDS)

    def save_until_killed(self, volume, first_version, seconds):
        writer = subprocess.Popen(
            [sys.executable, "-B", __file__, "--writer", volume(FOLDER), str(first_version)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            before = self.counts["saves"]
            while self.counts["saves"] == before:   # the clock starts with the first save
                line = writer.stdout.readline()
                self.assertTrue(line, "the writer ended without a kill")
                self.note(line)
            time.sleep(seconds)
            volume.kill()
            self.counts["kills"] += 1
            for line in writer.stdout:   # its system calls fail now, so it ends
                self.note(line)
        finally:
            writer.kill()
            writer.wait()
            writer.stdout.close()

    def note(self, line):
        words = line.split()
        if len(words) != 3:   # the last line of a dying writer may be cut
            return
        if words[0] == "saved":
            self.counts["saves"] += 1
            self.saved[words[1]] = int(words[2])
        else:
            self.begun[words[1]] = int(words[2])

    def check(self, read):
        for name, version in self.saved.items():
            self.counts["checked"] += 1
            got = read(name)
            if got is None:
                self.counts["lost"] += 1
                print(f"kill loop: {name} version {version} is gone", flush=True)
            elif got == content(name, self.begun[name]):
                self.saved[name] = self.begun[name]   # its rename had taken effect before the kill
            elif got != content(name, version):
                self.counts["torn"] += 1
                print(f"kill loop: {name} is neither version {version} nor {self.begun[name]}: "
                      f"{len(got)} bytes", flush=True)

    @staticmethod
    def read(path):
        try:
            with open(path, "rb") as source:
                return source.read()
        except FileNotFoundError:
            return None

    def read_object(self, key):
        return self.bucket.get(key) if key in self.bucket.list(FOLDER) else None


if __name__ == "__main__":
    if "--writer" in sys.argv:
        write_forever(sys.argv[2], int(sys.argv[3]))
    mount.main()
