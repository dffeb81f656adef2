#!/usr/bin/env python3
"""The commands that look: ls, stat, acl and version, beside a daemon and without one; umount --force."""

import os
import subprocess
import time

import mount


class Commands(mount.MountTest):
    def command(self, *words, status=0):
        done = subprocess.run([mount.BINARY, *words], capture_output=True, text=True, check=False,
                              env={**os.environ, **self.bucket.environment})
        self.assertEqual(status, done.returncode, f"{words}: {done.stdout}{done.stderr}")
        return done.stdout if status == 0 else done.stderr

    def plant(self, volume):
        os.makedirs(volume("deep/er"))
        with open(volume("deep/file"), "wb") as target:
            target.write(b"12345")
        os.chmod(volume("deep/file"), 0o640)
        os.symlink("file", volume("deep/link"))

    def test_ls_mounted_and_not(self):
        volume = self.mount()
        self.plant(volume)
        beside = self.command("ls", "-l", volume("deep"))
        volume.unmount()
        without = self.command("ls", "-l", self.bucket.url, "deep", "--state-dir", volume.state)
        self.assertEqual(beside, without)
        lines = {line.split()[7]: line.split() for line in without.splitlines()}
        self.assertEqual({"er", "file", "link"}, set(lines))
        self.assertEqual(["-rw-r-----", "1"], lines["file"][:2])
        self.assertEqual("5", lines["file"][4])
        self.assertEqual(["->", "file"], lines["link"][8:])
        everything = self.command("ls", "-R", self.bucket.url, "--state-dir", volume.state)
        self.assertIn("deep/er:", everything)
        missing = self.command("ls", self.bucket.url, "none", "--state-dir", volume.state, status=1)
        self.assertIn(f"{self.bucket.url} none: No such file or directory", missing)
        for listing in (["-a"], ["-la"], ["-laR"]):
            self.command("ls", *listing, self.bucket.url, "--state-dir", volume.state)

    def test_stat_shows_object_and_state(self):
        volume = self.mount()
        self.plant(volume)
        volume.settled()
        text = self.command("stat", volume("deep/file"))
        self.assertIn("size: 5", text)
        self.assertIn("state: committed", text)
        self.assertRegex(text, r"extent: \[0, 5\) = object \d+ at 0, key \S*deep/file, etag \S+")
        volume.unmount()
        self.assertEqual(text, self.command("stat", self.bucket.url, "deep/file", "--state-dir",
                                            volume.state))

    def test_stat_knows_what_no_close_covers(self):
        volume = self.mount()
        # In a process of its own: starting the command would close the descriptor in its child.
        with subprocess.Popen(["dd", "bs=1", f"of={volume('file')}"], stdin=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as writer:
            writer.stdin.write(b"x")
            writer.stdin.flush()
            mount.wait_until(lambda: os.path.exists(volume("file")) and
                             os.stat(volume("file")).st_size == 1, "dd writes its byte")
            self.assertIn("state: being written", self.command("stat", volume("file")))
        self.assertIn("state: committed", self.command("stat", volume("file")))

    def test_acl_is_for_data_lakes_only(self):
        volume = self.mount()
        self.plant(volume)
        volume.settled()
        refused = self.command("acl", volume("deep/file"), status=1)
        self.assertIn("only Azure accounts with a hierarchical name space", refused)
        self.assertIn({"local": "is a local folder", "s3": "is an S3 bucket",
                       "azure": "is in a flat Azure account"}[mount.KIND], refused)

    def test_info_mounted_and_not(self):
        """What a mount found out about its server is known without it."""
        place = ["--state-dir", os.path.join(self.folder, "mount1", "state")]
        before = self.command("info", self.bucket.url, *place)
        volume = self.mount()
        self.plant(volume)
        volume.settled()
        mounted = self.command("info", volume.path)
        self.assertRegex(mounted, r"objects of other writers: (kept safe|looked for)")
        volume.unmount()
        self.assertEqual(mounted, self.command("info", self.bucket.url, *place))
        if mount.KIND == "s3":
            self.assertIn("found out at the first write", before)
            self.assertIn("the store has: ", mounted)
        else:
            self.assertEqual(mounted, before)

    def test_version(self):
        for words in (["version"], ["--version"], ["-V"]):
            self.assertRegex(self.command(*words), r"^cairnfs \d+\.\d+\.\d+\n$")

    def test_help(self):
        self.assertIn("umount", self.command("help"))
        self.assertEqual(self.command("mount", "--help"), self.command("help", "mount"))
        self.assertIn("there is no command 'mout'", self.command("help", "mout", status=2))

    def test_wrong_usage_is_one_line_and_status_2(self):
        for words, complaint in ((["mount", "--refesh", "1s", self.bucket.url, self.folder],
                                  "unknown option '--refesh' (did you mean --refresh?)"),
                                 (["mount", "--refresh", "1x", self.bucket.url, self.folder],
                                  "--refresh: "),
                                 (["mount", "ftp://host/x", self.folder], "bucket URL 'ftp://"),
                                 (["mount", self.bucket.url, self.folder, "-o", "rw,cache-dri=x"],
                                  "unknown mount option"),
                                 (["mount", self.bucket.url, self.folder, "-o", "refresh=1x"],
                                  'cairnfs: -o refresh: "1x" is not a duration'),
                                 (["umount"], "DIR is missing")):
            said = self.command(*words, status=2)
            self.assertRegex(said, r"\Acairnfs: [^\n]*\n\Z")
            self.assertIn(complaint, said)

    def test_umount_refuses_while_in_use_and_forces_when_told(self):
        volume = self.mount()
        self.plant(volume)
        descriptor = os.open(volume("deep/file"), os.O_RDONLY)
        refused = self.command("umount", volume.path, status=1)
        self.assertIn("in use", refused)
        began = time.monotonic()
        self.command("umount", "--force", volume.path)
        self.assertLess(time.monotonic() - began, 30)
        with self.assertRaises(OSError):  # its mount is gone
            os.close(descriptor)
        volume.process.wait(30)
        mount.Mount.live.discard(volume)


if __name__ == "__main__":
    mount.main()
