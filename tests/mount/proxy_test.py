#!/usr/bin/env python3
"""The store is behind a forward proxy: there is no way to its address but through the proxy."""

import os
import secrets

import mount
from forward_proxy import HOST, ForwardProxy, make_certificate

BODY = secrets.token_bytes(9 << 20)   # more than a part


class BehindAProxy(mount.MountTest):
    def setUp(self):
        super().setUp()
        self.password = secrets.token_hex(16)
        self.bucket.environment = {"no_proxy": "", "AWS_EC2_METADATA_DISABLED": "true"}

    def proxy(self, **options):
        proxy = ForwardProxy(self.bucket.endpoint, **options)
        self.addCleanup(proxy.close)
        return proxy

    def tell(self, variable, proxy):
        self.bucket.environment[variable] = f"http://somebody:{self.password}@{proxy.address}"

    def fail_to_mount(self, *options):
        """The end of what it logged."""
        volume = self.mount(*options, start=False)
        volume.launch()
        self.assertNotEqual(0, volume.process.wait(mount.PATIENCE_S))
        mount.Mount.live.discard(volume)
        return volume.log_tail(1000)

    def save_and_restore(self, *options):
        volume = self.mount("--log-level", "debug", *options)
        with open(volume("model"), "wb") as target:
            target.write(BODY)
        self.assertTrue(BODY == self.bucket.get("model"))
        self.bucket.put("theirs", BODY)
        volume.unmount()
        volume.start()
        with open(volume("theirs"), "rb") as source:
            self.assertTrue(BODY == source.read())
        self.check_no_secret(volume)
        volume.unmount()

    def check_no_secret(self, volume):
        """What others may read of the daemon: its log, its arguments, its status."""
        with open(f"/proc/{volume.process.pid}/cmdline", encoding="utf-8") as source:
            for text in (volume.log_tail(10000), source.read(), str(volume.status())):
                self.assertNotIn(self.password, text)

    def test_named_by_the_environment(self):
        proxy = self.proxy(user="somebody", password=self.password)
        self.tell("http_proxy", proxy)
        self.bucket.lead_through(f"http://{HOST}:1234")
        self.save_and_restore()
        self.assertEqual(0, proxy.refused)
        for _, url in proxy.seen:
            self.assertTrue(url.startswith(f"http://{HOST}:1234/"), url)

    def test_a_tunnel(self):
        proxy = self.proxy(certificate=make_certificate(self.folder), user="somebody",
                           password=self.password)
        self.tell("https_proxy", proxy)
        self.bucket.lead_through(f"https://{HOST}")
        self.save_and_restore("--ca-bundle", os.path.join(self.folder, "proxy.pem"))
        self.assertEqual({("CONNECT", f"{HOST}:443")}, set(proxy.seen))

    def test_named_by_an_option(self):
        proxy = self.proxy()
        self.bucket.environment["http_proxy"] = "http://127.0.0.1:1"
        self.bucket.lead_through(f"http://{HOST}:1234")
        self.save_and_restore("--proxy", f"http://{proxy.address}")
        self.assertTrue(proxy.seen)

    def test_not_for_this_machine(self):
        proxy = self.proxy()
        self.save_and_restore("--proxy", f"http://{proxy.address}")
        self.assertFalse(proxy.seen)

    def test_a_wrong_password(self):
        """It is told what is wrong, in the answer to a request and to CONNECT, without the secret.
        """
        proxy = self.proxy(certificate=make_certificate(self.folder), user="somebody",
                           password="another")
        for scheme in ("http", "https"):
            self.tell(scheme + "_proxy", proxy)
            self.bucket.lead_through(f"{scheme}://{HOST}")
            log = self.fail_to_mount("--log-level", "debug")
            self.assertIn("the proxy wants a user and a password", log)
            self.assertNotIn(self.password, log)
        self.assertEqual(2, proxy.refused)

    def test_a_password_on_the_command_line(self):
        log = self.fail_to_mount("--proxy", f"http://somebody:{self.password}@127.0.0.1:1")
        self.assertIn("https_proxy", log)
        self.assertNotIn(self.password, log)


if __name__ == "__main__":
    mount.main()
