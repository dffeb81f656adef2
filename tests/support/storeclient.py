"""What the test clients of stores share: how they ask, their error and their command line."""

import argparse
import http.client
import sys
import urllib.parse


class StoreError(Exception):
    """An answer of the server that is not the wanted one."""

    def __init__(self, method, path, status, body):
        super().__init__(f"{method} {path}: HTTP {status}: {body[:300].decode(errors='replace')}")
        self.status = status


def quote(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-_.~")


class StoreClient:
    """A server by its URL. One connection a request."""

    def __init__(self, endpoint, timeout):
        parts = urllib.parse.urlsplit(endpoint)
        self.host = parts.netloc
        self.secure = parts.scheme == "https"
        self.timeout = timeout

    def exchange(self, method, path, query_text, headers, body, wanted):
        """Status, headers in lower case and body; StoreError unless the status is a wanted one."""
        kind = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
        connection = kind(self.host, timeout=self.timeout)
        try:
            connection.request(method, path + ("?" + query_text if query_text else ""),
                               body=body or None, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status not in wanted:
            raise StoreError(method, path, answer.status, content)
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content


def run(client, options, name):
    if options.verb == "make-bucket":
        client.make_bucket()
    elif options.verb == "list":
        for key, size in client.list(options.key):
            print(size, key, sep="\t")
    elif options.verb == "head":
        headers = client.head(options.key)
        if headers is None:
            raise SystemExit(f"{name}: no object {options.key}")
        print("\n".join(f"{header}: {value}" for header, value in sorted(headers.items())))
    elif options.verb == "get":
        content = client.get(options.key)
        if options.file:
            with open(options.file, "wb") as target:
                target.write(content)
        else:
            sys.stdout.buffer.write(content)
    elif options.verb == "put":
        if options.file:
            with open(options.file, "rb") as source:
                client.put(options.key, source.read())
        else:
            client.put(options.key, sys.stdin.buffer.read())
    else:
        client.delete(options.key)


def main(client_kind, store):
    """The program of a client: its class, and the name of the script that starts its server."""
    name = store + "client"
    parser = argparse.ArgumentParser(description="A small client of a store, for the tests.")
    parser.add_argument("--bucket", help="instead of the one of the environment")
    parser.add_argument("verb", choices=["make-bucket", "list", "head", "get", "put", "delete"])
    parser.add_argument("key", nargs="?", default="")
    parser.add_argument("file", nargs="?", help="standard input or output when left out")
    options = parser.parse_args()
    try:
        run(client_kind.from_environment(options.bucket), options, name)
    except KeyError as missing:
        raise SystemExit(f"{name}: {missing} is not set: "
                         f'eval "$(tests/support/stores/{store} up)"') from missing
    except (StoreError, OSError) as error:
        raise SystemExit(f"{name}: {error}") from error
