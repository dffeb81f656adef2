#!/usr/bin/env python3
"""A second S3 client for the tests: standard library only, SigV4, path style.

As a module: S3Client.from_environment() or S3Client(endpoint, bucket, access, secret).
As a program, on the bucket of CAIRNFS_TEST_URL unless --bucket names another:
    s3client.py make-bucket | list [PREFIX]
    s3client.py head KEY | get KEY [FILE] | put KEY [FILE] | delete KEY
"""

import datetime
import hashlib
import hmac
import os
import urllib.parse
import xml.etree.ElementTree as ElementTree

import storeclient
from storeclient import StoreClient, quote


class S3Client(StoreClient):
    def __init__(self, endpoint, bucket, access_key, secret_key, region="us-east-1", timeout=60):
        super().__init__(endpoint, timeout)
        self.bucket = bucket
        self.access_key = access_key
        self.secret_key = secret_key
        self.region = region

    @classmethod
    def from_environment(cls, bucket=None, variables=os.environ):
        url = variables.get("CAIRNFS_TEST_URL", "")
        name = bucket or urllib.parse.urlsplit(url).netloc
        return cls(variables["CAIRNFS_TEST_ENDPOINT"], name,
                   variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"],
                   variables.get("AWS_REGION", "us-east-1"))

    def make_bucket(self):
        self._expect("PUT", None, (200, 409))

    def put(self, key, body, headers=None):
        return self._expect("PUT", key, (200,), body=body, headers=headers)[1]

    def get(self, key, first=None, last=None):
        end = "" if last is None else last
        headers = {} if first is None else {"range": f"bytes={first}-{end}"}
        return self._expect("GET", key, (200, 206), headers=headers)[2]

    def head(self, key):
        """The headers of the object in lower case, or None where there is no object."""
        status, headers, _ = self._expect("HEAD", key, (200, 404))
        return headers if status == 200 else None

    def delete(self, key):
        self._expect("DELETE", key, (204, 200, 404))

    def list(self, prefix=""):
        """Yields (key, size) of every object whose key starts with prefix."""
        token = None
        while True:
            query = {"list-type": "2", "prefix": prefix, "encoding-type": "url"}
            if token:
                query["continuation-token"] = token
            root = ElementTree.fromstring(self._expect("GET", None, (200,), query=query)[2])
            space = root.tag[:root.tag.index("}") + 1] if root.tag.startswith("{") else ""
            for entry in root.iter(space + "Contents"):
                key = urllib.parse.unquote_plus(entry.findtext(space + "Key"))
                yield key, int(entry.findtext(space + "Size"))
            token = root.findtext(space + "NextContinuationToken")
            if not token:
                return

    def _expect(self, method, key, wanted, body=b"", headers=None, query=None):
        path = "/" + self.bucket + ("" if key is None else "/" + quote(key, safe="/"))
        query_text = "&".join(f"{quote(k)}={quote(v)}" for k, v in sorted((query or {}).items()))
        signed = self.sign(method, path, query_text, body, headers or {})
        return self.exchange(method, path, query_text, signed, body, wanted)

    def sign(self, method, path, query_text, body, headers):
        """The headers to send: those given, and date, body digest and signature."""
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        signed = {k.lower(): v for k, v in headers.items()}
        signed["host"] = self.host
        signed["x-amz-date"] = stamp
        signed["x-amz-content-sha256"] = hashlib.sha256(body).hexdigest()
        if method == "PUT":
            signed["content-length"] = str(len(body))
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
        request = "\n".join([method, path, query_text, lines, names,
                             signed["x-amz-content-sha256"]])
        scope = f"{day}/{self.region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope,
                          hashlib.sha256(request.encode()).hexdigest()])
        key = ("AWS4" + self.secret_key).encode()
        for step in scope.split("/"):
            key = hmac.new(key, step.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        signed["authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
                                   f"SignedHeaders={names}, Signature={signature}")
        return signed


if __name__ == "__main__":
    storeclient.main(S3Client, "s3")
