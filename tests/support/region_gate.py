"""Stands before an S3 endpoint that takes requests signed for any region, and takes one region only.

Refuses others as the cloud does (400 AuthorizationHeaderMalformed, which names the right region in
its body when `tells` is set); what is signed for the right one passes unchanged, so the signature
that the server behind checks is the client's own.
"""

import http.client
import http.server
import re
import threading
import urllib.parse

REFUSAL = """<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region '{signed}' is wrong</Message>
{hint}<RequestId>gate</RequestId></Error>"""
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


class RegionGate:
    def __init__(self, endpoint, region, tells):
        self.target = urllib.parse.urlsplit(endpoint).netloc
        self.region = region
        self.tells = tells
        gate = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, answer = gate.answer(self.command, self.path, self.headers, body)
                self.send_response_only(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_one

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method, path, headers, body):
        signed = re.search(r"Credential=[^/]+/\d+/([^/]+)/", headers.get("Authorization", ""))
        if signed and signed[1] != self.region:
            hint = f"<Region>{self.region}</Region>" if self.tells else ""
            text = REFUSAL.format(signed=signed[1], hint=hint).encode()
            return 400, [("Content-Length", len(text))], b"" if method == "HEAD" else text
        connection = http.client.HTTPConnection(self.target, timeout=30)
        connection.request(method, path, body, dict(headers.items()))
        reply = connection.getresponse()
        answer = reply.read()
        passed = [entry for entry in reply.getheaders() if entry[0].lower() not in HOP_BY_HOP]
        connection.close()
        if "content-length" not in {name.lower() for name, _ in passed}:
            passed.append(("Content-Length", len(answer)))
        return reply.status, passed, answer
