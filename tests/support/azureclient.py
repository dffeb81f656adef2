#!/usr/bin/env python3
"""A second Azure Blob client for the tests: standard library only, account key, path style.

As a module: AzureClient.from_environment() or AzureClient(endpoint, account, container, key).
As a program, on the container of CAIRNFS_TEST_AZURE_URL unless --bucket names another:
    azureclient.py make-bucket | list [PREFIX]
    azureclient.py head KEY | get KEY [FILE] | put KEY [FILE] | delete KEY
"""

import base64
import email.utils
import hashlib
import hmac
import os
import urllib.parse
import xml.etree.ElementTree as ElementTree

import storeclient
from storeclient import StoreClient, quote


class AzureClient(StoreClient):
    def __init__(self, endpoint, account, container, key, timeout=60):
        super().__init__(endpoint, timeout)
        self.account = account
        self.container = container
        self.key = base64.b64decode(key)

    @classmethod
    def from_environment(cls, bucket=None, variables=os.environ):
        path = urllib.parse.urlsplit(variables.get("CAIRNFS_TEST_AZURE_URL", "")).path
        return cls(variables["CAIRNFS_TEST_AZURE_ENDPOINT"], variables["AZURE_STORAGE_ACCOUNT"],
                   bucket or path.strip("/").split("/")[0], variables["AZURE_STORAGE_KEY"])

    def make_bucket(self):
        self._expect("PUT", None, (201, 409), query={"restype": "container"})

    def put(self, key, body, headers=None):
        return self._expect("PUT", key, (201,), body=body,
                            headers={"x-ms-blob-type": "BlockBlob", **(headers or {})})[1]

    def get(self, key, first=None, last=None):
        end = "" if last is None else last
        headers = {} if first is None else {"x-ms-range": f"bytes={first}-{end}"}
        return self._expect("GET", key, (200, 206), headers=headers)[2]

    def head(self, key):
        """The headers of the blob in lower case, or None where there is no blob."""
        status, headers, _ = self._expect("HEAD", key, (200, 404))
        return headers if status == 200 else None

    def delete(self, key):
        self._expect("DELETE", key, (202, 404))

    def blocks(self, key):
        """(id, size) of the blob's committed blocks, in their order."""
        query = {"comp": "blocklist", "blocklisttype": "committed"}
        root = ElementTree.fromstring(self._expect("GET", key, (200,), query=query)[2])
        return [(block.findtext("Name"), int(block.findtext("Size")))
                for block in root.iter("Block")]

    def list(self, prefix=""):
        """Yields (key, size) of every blob whose name starts with prefix."""
        marker = ""
        while True:
            query = {"restype": "container", "comp": "list", "prefix": prefix, "marker": marker}
            root = ElementTree.fromstring(self._expect("GET", None, (200,), query=query)[2])
            for blob in root.iter("Blob"):
                yield blob.findtext("Name"), int(blob.findtext("Properties/Content-Length"))
            marker = root.findtext("NextMarker")
            if not marker:
                return

    def _expect(self, method, key, wanted, body=b"", headers=None, query=None):
        path = f"/{self.account}/{self.container}"
        path += "" if key is None else "/" + quote(key, safe="/")
        signed = self._sign(method, path, query or {}, body, headers or {})
        query_text = urllib.parse.urlencode(query or {}, quote_via=urllib.parse.quote)
        return self.exchange(method, path, query_text, signed, body, wanted)

    def _sign(self, method, path, query, body, headers):
        """The headers to send: those given, and date, version and signature."""
        signed = {k.lower(): v for k, v in headers.items()}
        signed["x-ms-date"] = email.utils.formatdate(usegmt=True)
        signed["x-ms-version"] = "2021-12-02"
        if method == "PUT":
            signed["content-length"] = str(len(body))
        lines = [method, "", "", str(len(body)) if body else "", "", "", "", "", "", "", "", ""]
        lines += [f"{n}:{signed[n]}" for n in sorted(signed) if n.startswith("x-ms-")]
        lines += [f"/{self.account}{path}"]
        lines += [f"{name}:{value}" for name, value in sorted(query.items())]
        digest = hmac.new(self.key, "\n".join(lines).encode(), hashlib.sha256).digest()
        signed["authorization"] = (f"SharedKey {self.account}:"
                                   f"{base64.b64encode(digest).decode()}")
        return signed


if __name__ == "__main__":
    storeclient.main(AzureClient, "azure")
