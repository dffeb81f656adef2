#!/usr/bin/env python3
"""Ways of signing in, on real mounts: sessions of five seconds, and no secret where people look."""

import hashlib
import os
import secrets
import socket
import subprocess
import sys
import time
import unittest

import mount
from aws_services import Gateway, Issuer, Services, awkward

RENEWALS = 3               # a copy goes on until its mount has had so many
PIECES_MIN = 20
PIECE = (int(os.environ.get("CAIRNFS_TEST_COPY_MIB", "160")) << 20) // PIECES_MIN
PIECES_KEPT = 2            # in the bucket, which may be in memory
WRITE = 8 << 20
BYTES_PER_S = 8 << 20      # a connection, so that a small copy lasts


class Credentials(mount.MountTest):
    def setUp(self):
        super().setUp()
        self.issuer = Issuer()
        self.role_keys = ("AKROLETAKER00000", awkward(30))
        self.services = Services(self.issuer, self.role_keys, secrets.token_urlsafe(200))
        self.gateway = Gateway(self.issuer, self.bucket.client)
        for server in (self.services, self.gateway):
            self.addCleanup(server.close)
        # Nothing of the caller's, and no service of the machine that runs the tests.
        self.bucket.environment = {
            "HOME": self.folder, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
            "AWS_ENDPOINT_URL": self.gateway.url, "AWS_ENDPOINT_URL_STS": self.services.url,
            "AWS_EC2_METADATA_DISABLED": "true"}

    def set(self, **variables):
        self.bucket.environment.update(variables)

    def write_file(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as target:
            target.write(text)
        return path

    def info(self, status=0):
        done = subprocess.run([mount.BINARY, "info", self.bucket.url], capture_output=True,
                              text=True, check=False, timeout=60,
                              env={**os.environ, **self.bucket.environment})
        text = done.stdout + done.stderr
        self.assertEqual(status, done.returncode, text)
        self.check_no_secret("info", text)
        return text

    def check_no_secret(self, where, text):
        for secret in self.services.secrets():
            self.assertNotIn(secret, text, where)

    def check_daemon(self, volume):
        """What others may read of the daemon: its log, its arguments, its status."""
        with open(volume.log, encoding="utf-8", errors="replace") as source:
            log = source.read()
        self.check_no_secret("log", log)
        with open(f"/proc/{volume.process.pid}/cmdline", encoding="utf-8") as source:
            self.check_no_secret("cmdline", source.read())
        self.check_no_secret("status", str(volume.status()))
        return log

    def works_with(self, source):
        """A file goes out and comes back; log and info name the source."""
        self.assertIn("credentials: " + source, self.info())
        volume = self.mount("--log-level", "debug")
        with open(volume("file"), "wb") as target:
            target.write(b"content")
        volume.remount()
        with open(volume("file"), "rb") as file:
            self.assertEqual(b"content", file.read())
        log = self.check_daemon(volume)
        self.assertIn("credentials: " + source, log)
        volume.unmount()
        self.assertFalse(self.gateway.refused)

    # --- each source ---

    def use_metadata(self):
        self.set(AWS_EC2_METADATA_DISABLED="", AWS_EC2_METADATA_SERVICE_ENDPOINT=self.services.url)

    def test_instance_metadata(self):
        self.use_metadata()
        self.works_with("role train of this instance")

    def test_container(self):
        self.set(AWS_CONTAINER_CREDENTIALS_FULL_URI=self.services.url + "/container",
                 AWS_CONTAINER_AUTHORIZATION_TOKEN=self.services.container_token)
        self.works_with("the container's role")

    def test_web_identity(self):
        self.set(AWS_ROLE_ARN="arn:aws:iam::1:role/r",
                 AWS_WEB_IDENTITY_TOKEN_FILE=self.write_file("jwt", self.services.web_token + "\n"))
        self.works_with("role arn:aws:iam::1:role/r for the token in")

    def test_role_of_a_profile(self):
        self.write_file(".aws/credentials", "[taker]\naws_access_key_id = {}\n"
                                            "aws_secret_access_key = {}\n".format(*self.role_keys))
        self.write_file(".aws/config", "[profile r]\nrole_arn = arn:r\nsource_profile = taker\n")
        self.set(AWS_PROFILE="r")
        self.works_with("role arn:r with profile 'taker' from ~/.aws/credentials")

    @unittest.skipUnless(os.environ.get("CAIRNFS_TEST_ROLE"), "the server has no token service")
    def test_role_of_the_servers_own_token_service(self):
        """Nothing of ours in between: what signs in to it and what it hands out is real."""
        secret = os.environ["AWS_SECRET_ACCESS_KEY"]
        self.write_file(".aws/credentials", "[taker]\naws_access_key_id = "
                        f"{os.environ['AWS_ACCESS_KEY_ID']}\naws_secret_access_key = {secret}\n")
        role = os.environ["CAIRNFS_TEST_ROLE"]
        self.write_file(".aws/config", f"[profile r]\nrole_arn = {role}\nsource_profile = taker\n")
        server = os.environ["CAIRNFS_TEST_ENDPOINT"]
        self.set(AWS_PROFILE="r", AWS_ENDPOINT_URL=server, AWS_ENDPOINT_URL_STS=server)
        self.services.role_keys = ("", secret)   # the secret to look for
        self.works_with(f"role {role} with profile 'taker'")

    def test_program(self):
        script = self.write_file("print_keys.py", "import sys, urllib.request\n"
                                 "print(urllib.request.urlopen(sys.argv[1]).read().decode())\n")
        self.write_file(".aws/config", "[default]\ncredential_process = "
                        f"'{sys.executable}' '{script}' '{self.services.url}/program'\n")
        self.works_with("credential_process of profile 'default'")

    def test_environment(self):
        session = self.issuer.issue()
        self.issuer.sessions[session.id] = session._replace(ends=time.time() + 3600)
        self.set(AWS_ACCESS_KEY_ID=session.id, AWS_SECRET_ACCESS_KEY=session.secret,
                 AWS_SESSION_TOKEN=session.token)
        self.works_with("AWS_ACCESS_KEY_ID of the environment")

    def test_order_is_explained(self):
        text = self.info()
        self.assertIn("credentials: none, requests are anonymous", text)
        for source in ("environment", "web identity", "profile 'default'", "container",
                       "instance metadata"):
            self.assertIn(f"not from {source}: ", text)
        self.assertIn("endpoint: " + self.gateway.url, text)
        self.set(AWS_PROFILE="nobody")
        self.assertIn("nobody", self.info(status=1))

    # --- what goes wrong ---

    def test_a_metadata_service_that_says_nothing(self):
        """Its second is over before a person wonders; the bound is wide for a busy machine."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.set(AWS_EC2_METADATA_DISABLED="", AWS_EC2_METADATA_SERVICE_ENDPOINT=
                     f"http://127.0.0.1:{silent.getsockname()[1]}")
            began = time.monotonic()
            text = self.info()
        self.assertIn("not from instance metadata: no answer", text)
        self.assertLess(time.monotonic() - began, 10)

    def test_refusals_show_no_secret(self):
        session = self.issuer.issue()
        wrong = awkward(30)
        self.set(AWS_ACCESS_KEY_ID=session.id, AWS_SECRET_ACCESS_KEY=wrong,
                 AWS_SESSION_TOKEN=session.token)
        volume = self.mount("--log-level", "debug", start=False)
        volume.launch()
        self.assertNotEqual(0, volume.process.wait(60))
        mount.Mount.live.discard(volume)
        log = volume.log_tail(1000)
        self.assertIn("SignatureDoesNotMatch", log)
        self.assertIn("AWS_ACCESS_KEY_ID of the environment", log)
        self.check_no_secret("log", log)
        self.assertNotIn(wrong, log)

    def test_keys_that_end_early_fail_nothing(self):
        """The store refuses keys before they told their end: the request is signed again."""
        self.use_metadata()
        self.issuer.life_s = 3600
        volume = self.mount()
        for number in range(3):
            time.sleep(10.5)    # a refusal sooner than that is believed
            with self.issuer.lock:
                for key_id, session in self.issuer.sessions.items():
                    self.issuer.sessions[key_id] = session._replace(ends=0)
            with open(volume(f"file{number}"), "wb") as target:
                target.write(b"content")
        self.assertGreaterEqual(self.gateway.refused["ExpiredToken"], 3)
        self.assertEqual({"file0": 7, "file1": 7, "file2": 7}, self.bucket.list())
        volume.unmount()

    # --- a long copy over short sessions ---

    def write_piece(self, path):
        """The digest of what a file of random bytes got."""
        digest = hashlib.sha256()
        with open(path, "wb") as target:
            for _ in range(PIECE // WRITE):
                content = secrets.token_bytes(WRITE)
                digest.update(content)
                target.write(content)
            os.fsync(target.fileno())
        return digest.hexdigest()

    def check_piece(self, path, wanted):
        with open(path, "rb") as source:
            digest = hashlib.sha256()
            while content := source.read(WRITE):
                digest.update(content)
        self.assertEqual(wanted, digest.hexdigest(), path)

    def test_copy_over_sessions_of_five_seconds(self):
        """Out through one mount, back through others, which have nothing cached."""
        self.use_metadata()
        if PIECE <= WRITE:
            self.gateway.bytes_per_s = BYTES_PER_S
        bounds = ("--log-level", "debug", "--connections", "4", "--cache-size", "0")
        volume = self.mount(*bounds)
        count, began = 0, time.monotonic()
        while count < PIECES_MIN or self.renewals(volume) < RENEWALS:
            digests = {}
            for _ in range(PIECES_KEPT):
                name = f"piece{count}"
                digests[name] = self.write_piece(volume(name))
                count += 1
            reader = self.mount("--read-only", *bounds)
            for name, digest in digests.items():
                self.check_piece(reader(name), digest)
            self.check_copying(reader)
            for name in digests:
                os.unlink(volume(name))
            volume.settled()
        print(f"{count * PIECE >> 20} MiB out and back in {time.monotonic() - began:.0f} s: "
              f"{self.gateway.passed} requests over {len(self.gateway.used)} sessions, "
              f"{self.renewals(volume)} renewals by the writer, "
              f"refused: {dict(self.gateway.refused)}; failed operations: 0")
        self.check_copying(volume)

    def renewals(self, volume):
        with open(volume.log, encoding="utf-8", errors="replace") as source:
            return source.read().count("credentials renewed")

    def check_copying(self, volume):
        """Nothing failed on the mount, which ends."""
        log = self.check_daemon(volume)
        self.assertNotRegex(log, r"(?m)^\S+ E ")
        self.assertNotIn("not renewed", log)
        volume.unmount()


if __name__ == "__main__":
    mount.main()
