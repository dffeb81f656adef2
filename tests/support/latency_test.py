#!/usr/bin/env python3
"""The latency proxy: bytes pass unchanged, not too early, not too fast; it ends with its parent.

Only lower bounds of time are checked: a busy machine may be as slow as it likes.
"""

import hashlib
import random
import socket
import subprocess
import sys
import threading
import time
import unittest

PROGRAM = sys.argv.pop(1)
PATIENCE_S = 30


def start(*options, **arguments):
    """The proxy as a process, and the port it listens on."""
    process = subprocess.Popen([PROGRAM, *options], stdout=subprocess.PIPE, text=True, **arguments)
    return process, int(process.stdout.readline().rsplit(":", 1)[1])


def receive(connection, size):
    content = bytearray()
    while len(content) < size:
        piece = connection.recv(1 << 16)
        if not piece:
            break
        content += piece
    return bytes(content)


class Server:
    """Sends back what it gets, line by line or until the end."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.target = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.echo, args=(connection,), daemon=True).start()

    @staticmethod
    def echo(connection):
        with connection:
            while piece := connection.recv(1 << 16):
                connection.sendall(piece)


class LatencyTest(unittest.TestCase):
    def connect(self, delay_ms, rate_mb):
        process, port = start("--target", Server().target, "--delay-ms", str(delay_ms),
                              "--rate-mb", str(rate_mb))
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        connections = [socket.create_connection(("127.0.0.1", port), PATIENCE_S) for _ in range(8)]
        for connection in connections:
            self.addCleanup(connection.close)
        return connections

    def test_many_connections_carry_their_bytes_unchanged(self):
        connections = self.connect(1, 1000)
        bodies = [random.Random(n).randbytes(3_000_000 + n) for n in range(len(connections))]
        digests = [None] * len(connections)

        def take(number):
            body = receive(connections[number], len(bodies[number]))
            digests[number] = hashlib.sha256(body).digest()

        def give(number):
            connections[number].sendall(bodies[number])
            connections[number].shutdown(socket.SHUT_WR)

        workers = [threading.Thread(target=work, args=(number,))
                   for number in range(len(connections)) for work in (take, give)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(PATIENCE_S)
        self.assertEqual([hashlib.sha256(body).digest() for body in bodies], digests)
        for connection in connections:
            self.assertEqual(b"", connection.recv(1), "the end arrives too")

    def test_every_answer_is_late(self):
        connection = self.connect(40, 1000)[0]
        for _ in range(3):
            began = time.monotonic()
            connection.sendall(b"question")
            self.assertEqual(b"question", receive(connection, 8))
            self.assertGreaterEqual(time.monotonic() - began, 0.040)

    def test_a_connection_has_its_rate(self):
        connection = self.connect(0, 10)[0]
        body = bytes(3_000_000)
        began = time.monotonic()
        threading.Thread(target=connection.sendall, args=(body,), daemon=True).start()
        self.assertEqual(body, receive(connection, len(body)))
        # 0.3 s, less what the proxy may send in advance.
        self.assertGreaterEqual(time.monotonic() - began, 0.25)

    def test_a_store_that_is_not_there_resets_the_connection(self):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            process, port = start("--target", f"127.0.0.1:{unused.getsockname()[1]}")
            self.addCleanup(process.stdout.close)
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
            with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
                try:
                    self.assertEqual(b"", connection.recv(1))
                except ConnectionResetError:
                    pass

    def test_a_target_elsewhere_is_refused(self):
        done = subprocess.run([PROGRAM, "--target", "192.0.2.1:80"], capture_output=True,
                              text=True, check=False)
        self.assertEqual(2, done.returncode)
        self.assertIn("127.0.0.1", done.stderr)

    def test_ends_with_its_parent(self):
        # A shell between us and the proxy is killed; the proxy's end closes the pipe.
        script = f'"{PROGRAM}" --target {Server().target} & wait'
        shell = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, text=True)
        line = shell.stdout.readline()
        self.assertIn("listening on", line)
        shell.kill()
        shell.wait()
        ended = threading.Event()
        threading.Thread(target=lambda: (shell.stdout.read(), ended.set()), daemon=True).start()
        self.assertTrue(ended.wait(PATIENCE_S))
        shell.stdout.close()


if __name__ == "__main__":
    unittest.main()
