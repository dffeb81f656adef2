"""A TCP proxy before a store's endpoint: counts the requests that pass, can lose the answer to one of
them after the store has done what it was asked, can flip a bit of an answer, and can be the
endpoint's end.

The client signs for the proxy's own address, and the server takes the host it is told, so
signatures stay valid. Requests are seen in the byte stream by their first line.
"""

import contextlib
import re
import socket
import threading
import urllib.parse

REQUEST_LINE = re.compile(rb"(GET|HEAD|PUT|POST|DELETE) (\S+) HTTP/1\.1\r\n")
LINE_MAX = 8192


class Proxy:
    def __init__(self, endpoint):
        parts = urllib.parse.urlsplit(endpoint)
        self.target = (parts.hostname, parts.port)
        self.lock = threading.Lock()
        self.seen = []         # (method, path) of each request, guarded by lock
        self.to_lose = []      # [method, text in the path, how often], guarded by lock
        self.lost = 0          # answers, guarded by lock
        self.to_flip = []      # as to_lose
        self.flipped = 0       # answers, guarded by lock
        self.sockets = set()   # guarded by lock
        self.listener = None   # guarded by lock; None while stopped
        self.port = 0
        self.resume()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def resume(self):
        """Accepts connections (again), always on the same port."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self.port = listener.getsockname()[1]
        with self.lock:
            self.listener = listener
        threading.Thread(target=self.accept, args=[listener], daemon=True).start()

    def stop(self):
        """What a dead server looks like: connections are reset, new ones are refused."""
        with self.lock:
            listener, self.listener = self.listener, None
            if listener:
                listener.shutdown(socket.SHUT_RDWR)
                listener.close()
            for end in self.sockets:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def requests(self, *methods):
        """The requests since the last forget(), of these methods or all."""
        with self.lock:
            return [entry for entry in self.seen if not methods or entry[0] in methods]

    def forget(self):
        with self.lock:
            self.seen.clear()

    def lose(self, method, text, times=1):
        """The answers to the next requests of that method whose path holds the text never come."""
        with self.lock:
            self.to_lose.append([method, text, times])

    def flip(self, method, text, times=1):
        """A bit is another one in the answers to the next requests of that method whose path holds
        the text; they must be of more than LINE_MAX bytes."""
        with self.lock:
            self.to_flip.append([method, text, times])

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return   # stopped
            try:
                server = socket.create_connection(self.target)
            except OSError:
                client.close()   # nobody is there, and the next client may find somebody
                continue
            with self.lock:
                if self.listener is not listener:   # stopped in between
                    client.close()
                    server.close()
                    return
                self.sockets.update((client, server))
            doomed = threading.Event()   # the answer that comes next is lost
            bent = threading.Event()     # a bit of the answer that comes next is flipped
            for source, target, asks in ((client, server, True), (server, client, False)):
                threading.Thread(target=self.pump, args=[source, target, asks, doomed, bent],
                                 daemon=True).start()

    def pump(self, source, target, asks, doomed, bent):
        rest = b""
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 18):
                if asks:
                    rest = self.note(rest + data, doomed, bent)
                elif doomed.is_set():
                    break
                elif bent.is_set() and len(data) > LINE_MAX:   # its end is behind the headers
                    bent.clear()
                    data = data[:-1] + bytes([data[-1] ^ 1])
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self.lock:
            self.sockets.discard(source)
        source.close()

    def note(self, data, doomed, bent):
        """Notes the request lines in data and returns what may hold the start of another."""
        end = 0
        with self.lock:
            for match in REQUEST_LINE.finditer(data):
                method, path = match[1].decode(), match[2].decode()
                self.seen.append((method, path))
                end = match.end()
                if self.applies(self.to_lose, method, path):
                    self.lost += 1
                    doomed.set()
                if self.applies(self.to_flip, method, path):
                    self.flipped += 1
                    bent.set()
        return data[max(end, len(data) - LINE_MAX):]

    @staticmethod
    def applies(rules, method, path):
        for rule in rules:
            if rule[0] == method and rule[1] in path and rule[2] > 0:
                rule[2] -= 1
                return True
        return False
