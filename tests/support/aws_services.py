"""The services of AWS that sign a program in, on loopback, and a gateway that believes them.

Issuer hands out sessions: keys that end after a few seconds. Services plays the instance metadata
service, the container's endpoint and STS in front of it, written from their documentation. Gateway
stands before a real S3 server and lets only requests pass that are signed with a session that has
not ended; it checks the signature and signs again with the server's own keys.
"""

import collections
import datetime
import hashlib
import hmac
import http.client
import http.server
import json
import secrets
import threading
import time
import urllib.parse
import xml.sax.saxutils

Session = collections.namedtuple("Session", "id secret token ends")

# What a client may say that must reach the server.
PASSED_ON = ("range", "if-match", "if-none-match", "content-type", "content-md5")
NOT_PASSED_BACK = ("connection", "transfer-encoding", "content-length", "date", "server")


def awkward(length):
    """A secret with characters that quoting and escaping get wrong."""
    return "s3+/=%$&'\"<>" + secrets.token_urlsafe(length)


class Issuer:
    def __init__(self, life_s=5):
        self.life_s = life_s
        self.lock = threading.Lock()
        self.sessions = {}    # by key id, guarded by lock

    def issue(self):
        # Whole seconds, as they are told to the client.
        ends = int(time.time()) + self.life_s
        session = Session("ASIA" + secrets.token_hex(8).upper(), awkward(30),
                          secrets.token_urlsafe(60) + "+/=", ends)
        with self.lock:
            self.sessions[session.id] = session
        return session

    def find(self, key_id):
        with self.lock:
            return self.sessions.get(key_id)

    def secrets(self):
        with self.lock:
            return [text for session in self.sessions.values()
                    for text in (session.secret, session.token)]

    def count(self):
        with self.lock:
            return len(self.sessions)


def iso(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


def signature_of(handler, body, secret, scope, names):
    """What the Authorization header of the request must hold: AWS's signature, version 4."""
    path, _, query = handler.path.partition("?")
    pairs = sorted(pair if "=" in pair else pair + "=" for pair in query.split("&") if pair)
    lines = "".join(f"{name}:{' '.join(handler.headers[name].split())}\n"
                    for name in names.split(";"))
    digest = handler.headers.get("x-amz-content-sha256") or hashlib.sha256(body).hexdigest()
    request = "\n".join([handler.command, path, "&".join(pairs), lines, names, digest])
    text = "\n".join(["AWS4-HMAC-SHA256", handler.headers["x-amz-date"], scope,
                      hashlib.sha256(request.encode()).hexdigest()])
    key = ("AWS4" + secret).encode()
    for step in scope.split("/"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def authorization(handler):
    """(key id, scope, signed names, signature) of a request, or None."""
    value = handler.headers.get("authorization", "")
    if not value.startswith("AWS4-HMAC-SHA256 "):
        return None
    parts = dict(part.split("=", 1) for part in value.split(" ", 1)[1].split(", "))
    key_id, _, scope = parts["Credential"].partition("/")
    return key_id, scope, parts["SignedHeaders"], parts["Signature"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def reply(self, status, content=b"", headers=(), length=None):
        content = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)) if length is None else length)
        self.end_headers()
        self.wfile.write(content)

    def handle_any(self):
        self.server.owner.answer(self, self.body())

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any


class Server:
    """One HTTP server on loopback; subclasses answer its requests."""

    def __init__(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.owner = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Services(Server):
    ROLES = "/latest/meta-data/iam/security-credentials/"

    def __init__(self, issuer, role_keys, web_token):
        self.issuer = issuer
        self.role_keys = role_keys     # (id, secret) that may assume a role
        self.web_token = web_token
        self.metadata_token = secrets.token_urlsafe(30)
        self.container_token = "Basic " + awkward(30)
        super().__init__()

    def secrets(self):
        return [self.role_keys[1], self.web_token, self.metadata_token, self.container_token,
                *self.issuer.secrets()]

    def document(self, token_name="Token"):
        session = self.issuer.issue()
        return json.dumps({"Code": "Success", "Version": 1, "AccessKeyId": session.id,
                           "SecretAccessKey": session.secret, token_name: session.token,
                           "Expiration": iso(session.ends)})

    def answer(self, handler, body):
        method, path = handler.command, handler.path
        if (method, path) == ("PUT", "/latest/api/token"):
            return handler.reply(200, self.metadata_token)
        if path.startswith("/latest/"):
            return self.answer_metadata(handler, path)
        if (method, path) == ("GET", "/container"):
            right = handler.headers.get("authorization") == self.container_token
            return handler.reply(200, self.document()) if right else handler.reply(401)
        if (method, path) == ("GET", "/program"):
            return handler.reply(200, self.document("SessionToken"))
        if (method, path) == ("POST", "/"):
            return self.answer_sts(handler, body)
        return handler.reply(404)

    def answer_metadata(self, handler, path):
        if handler.headers.get("x-aws-ec2-metadata-token") != self.metadata_token:
            return handler.reply(401)
        if path == self.ROLES:
            return handler.reply(200, "train")
        return handler.reply(200, self.document()) if path == self.ROLES + "train" \
            else handler.reply(404)

    def may_assume(self, handler, body, form):
        if form["Action"] == "AssumeRoleWithWebIdentity":
            return form.get("WebIdentityToken") == self.web_token
        signed = authorization(handler)
        if signed is None or signed[0] != self.role_keys[0] or "/sts/" not in signed[1]:
            return False
        return signature_of(handler, body, self.role_keys[1], *signed[1:3]) == signed[3]

    def answer_sts(self, handler, body):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        if not self.may_assume(handler, body, form):
            return handler.reply(403, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no"
                                      "</Message></Error></ErrorResponse>")
        session, action = self.issuer.issue(), form["Action"]
        escaped = xml.sax.saxutils.escape
        return handler.reply(200, (
            f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>'
            f"<Credentials><AccessKeyId>{session.id}</AccessKeyId>"
            f"<SecretAccessKey>{escaped(session.secret)}</SecretAccessKey>"
            f"<SessionToken>{escaped(session.token)}</SessionToken>"
            f"<Expiration>{iso(session.ends)}</Expiration></Credentials></{action}Result>"
            f"</{action}Response>"))


class Gateway(Server):
    """Passes what a valid session signs on to the server behind it, at most bytes_per_s each."""

    def __init__(self, issuer, client, bytes_per_s=None):
        self.issuer = issuer
        self.client = client           # S3Client of the server behind
        self.bytes_per_s = bytes_per_s
        self.lock = threading.Lock()
        self.used = set()              # key ids that passed, guarded by lock
        self.passed = 0                # requests, guarded by lock
        self.refused = collections.Counter()   # by code, guarded by lock
        super().__init__()

    def signer(self, _handler):
        """Whose keys the request must be signed with, and where their token is."""
        return self.issuer, "x-amz-security-token"

    def refusal(self, handler, body):
        """(status, code) for what must not pass, or None."""
        signed = authorization(handler)
        issuer, token_header = self.signer(handler)
        session = signed and issuer.find(signed[0])
        if not session:
            return 403, "InvalidAccessKeyId"
        if time.time() >= session.ends:
            return 400, "ExpiredToken"
        if handler.headers.get(token_header) != session.token:
            return 400, "InvalidToken"
        if signature_of(handler, body, session.secret, *signed[1:3]) != signed[3]:
            return 403, "SignatureDoesNotMatch"
        with self.lock:
            self.used.add(session.id)
            self.passed += 1
        return None

    def answer(self, handler, body):
        refusal = self.refusal(handler, body)
        if refusal:
            with self.lock:
                self.refused[refusal[1]] += 1
            content = f"<Error><Code>{refusal[1]}</Code><Message>no</Message></Error>"
            return handler.reply(refusal[0], b"" if handler.command == "HEAD" else content)
        began = time.monotonic()
        status, headers, content = self.forward(handler, body)
        if self.bytes_per_s:
            left = (len(body) + len(content)) / self.bytes_per_s - (time.monotonic() - began)
            time.sleep(max(0, left))
        length = next((v for k, v in headers if k.lower() == "content-length"), None)
        kept = [(k, v) for k, v in headers if k.lower() not in NOT_PASSED_BACK]
        return handler.reply(status, content, kept, length if handler.command == "HEAD" else None)

    def forward(self, handler, body):
        path, _, query = handler.path.partition("?")
        query = "&".join(sorted(p if "=" in p else p + "=" for p in query.split("&") if p))
        headers = {name: value for name, value in handler.headers.items()
                   if name.lower() in PASSED_ON or name.lower().startswith("x-amz-")}
        headers.pop("x-amz-security-token", None)
        signed = self.client.sign(handler.command, path, query, body, headers)
        if body or handler.command in ("PUT", "POST"):
            signed["content-length"] = str(len(body))
        connection = http.client.HTTPConnection(self.client.host, timeout=60)
        try:
            connection.request(handler.command, path + ("?" + query if query else ""), body=body,
                               headers=signed)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()
