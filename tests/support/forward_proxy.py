"""A forward proxy on loopback, as an office has one: requests come to it with whole URLs or through
CONNECT, and it may want a user and a password. Every host is the one server that it stands before;
at the end of a tunnel it speaks TLS itself, with a certificate for that host.
"""

import base64
import contextlib
import os
import select
import socket
import ssl
import subprocess
import threading
import urllib.parse

HOST = "192.0.2.1"   # where nobody is but for the proxy; an address, as a name might be a bucket's
PIECE = 1 << 18


def make_certificate(folder):
    """A certificate for HOST that vouches for itself, and its key: two files."""
    names = [os.path.join(folder, name) for name in ("proxy.pem", "proxy.key")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-noenc", "-days", "2", "-subj", f"/CN={HOST}",
                    "-addext", f"subjectAltName=IP:{HOST}", "-out", names[0], "-keyout", names[1]],
                   check=True, capture_output=True)
    return names


class ForwardProxy:
    def __init__(self, endpoint, certificate=None, user="", password=""):
        parts = urllib.parse.urlsplit(endpoint)
        self.target = (parts.hostname, parts.port)
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
        self.wanted = None
        if user:
            word = base64.b64encode(f"{user}:{password}".encode()).decode()
            self.wanted = f"Basic {word}"
        self.lock = threading.Lock()
        self.seen = []      # (method, URL or host:port) of each request, guarded by lock
        self.refused = 0    # without the right user and password, guarded by lock
        self.sockets = set()   # guarded by lock
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        with self.lock:
            ends = [self.listener, *self.sockets]
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=[client], daemon=True).start()

    def serve(self, client):
        with contextlib.suppress(OSError), client, socket.create_connection(self.target) as server:
            with self.lock:
                self.sockets.update((client, server))
            stream = client.makefile("rb")
            answers = None
            while head := self.read_head(stream):
                method, target, headers = head
                if self.wanted and headers.get("proxy-authorization") != self.wanted:
                    client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                                   b"Proxy-Authenticate: Basic realm=\"office\"\r\n"
                                   b"Content-Length: 0\r\nConnection: close\r\n\r\n")
                    with self.lock:
                        self.refused += 1
                    return
                with self.lock:
                    self.seen.append((method, target))
                if method == "CONNECT":
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    with self.tls.wrap_socket(client, server_side=True) as inner:
                        self.relay(inner, server)
                    return
                if not answers:
                    answers = threading.Thread(target=self.pump, args=[server, client], daemon=True)
                    answers.start()
                self.pass_on(stream, server, method, target, headers)

    @staticmethod
    def read_head(stream):
        """Method, target and headers of the next request; None at the end."""
        line = stream.readline().decode("latin-1").split()
        if len(line) != 3:
            return None
        headers = {}
        while (text := stream.readline().decode("latin-1").rstrip("\r\n")):
            name, _, value = text.partition(":")
            headers[name.lower()] = value.strip()
        return line[0], line[1], headers

    @staticmethod
    def pass_on(stream, server, method, target, headers):
        parts = urllib.parse.urlsplit(target)
        path = target[target.index(parts.netloc) + len(parts.netloc):]
        kept = "".join(f"{name}: {value}\r\n" for name, value in headers.items()
                       if not name.startswith("proxy-"))
        server.sendall(f"{method} {path} HTTP/1.1\r\n{kept}\r\n".encode("latin-1"))
        left = int(headers.get("content-length", 0))
        while left > 0 and (piece := stream.read(min(left, PIECE))):
            server.sendall(piece)
            left -= len(piece)

    @staticmethod
    def pump(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE):
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def relay(inner, server):
        """One thread for both ways, as a TLS socket is not for two; only one side speaks at a time.
        """
        while True:
            ready = [inner] if inner.pending() else select.select([inner, server], [], [])[0]
            for source, target in ((inner, server), (server, inner)):
                if source not in ready:
                    continue
                data = source.recv(PIECE)
                if not data:
                    return
                target.sendall(data)
