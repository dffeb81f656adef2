"""A directory bucket (S3 Express One Zone) on loopback, in front of a bucket of a real S3 server.

Written from its documentation: it hands out sessions to who signs as an account of the service
s3express, wants all else signed with a session, but copies as the account, and lists in no order.
"""

import re

from aws_services import Gateway, Issuer, authorization, iso

NAME = "cairnfs-test--use1-az4--x-s3"
SERVICE = "/us-east-1/s3express/aws4_request"
SESSION_TOKEN = "x-amz-s3session-token"


class DirectoryBucket(Gateway):
    def __init__(self, accounts, client, bucket, life_s=5):
        self.sessions = Issuer(life_s)
        self.bucket = bucket           # what it is called at the server behind
        super().__init__(accounts, client)

    @staticmethod
    def opens_session(handler):
        return handler.command == "GET" and handler.path.endswith("/?session=")

    def signer(self, handler):
        if self.opens_session(handler) or handler.headers.get("x-amz-copy-source"):
            return super().signer(handler)
        return self.sessions, SESSION_TOKEN

    def refusal(self, handler, body):
        signed = authorization(handler)
        if not signed or not signed[1].endswith(SERVICE):
            return 403, "SignatureDoesNotMatch"
        if handler.headers.get(SESSION_TOKEN) and handler.headers.get("x-amz-security-token"):
            return 400, "InvalidRequest"
        return super().refusal(handler, body)

    def forward(self, handler, body):
        if self.opens_session(handler):
            return 200, [], self.session_document().encode()
        handler.path = handler.path.replace(f"/{NAME}/", f"/{self.bucket}/", 1)
        source = handler.headers.get("x-amz-copy-source")
        if source:
            handler.headers.replace_header("x-amz-copy-source",
                                           source.replace(f"/{NAME}/", f"/{self.bucket}/", 1))
        del handler.headers[SESSION_TOKEN]
        status, headers, content = super().forward(handler, body)
        if "list-type=2" in handler.path:
            content = self.disordered(content)
        return status, headers, content

    def session_document(self):
        session = self.sessions.issue()
        secret = session.secret.replace("&", "&amp;").replace("<", "&lt;")
        return ('<CreateSessionResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Credentials>'
                f"<SessionToken>{session.token}</SessionToken>"
                f"<SecretAccessKey>{secret}</SecretAccessKey>"
                f"<AccessKeyId>{session.id}</AccessKeyId>"
                f"<Expiration>{iso(session.ends)}</Expiration></Credentials></CreateSessionResult>")

    @staticmethod
    def disordered(page):
        entries = re.findall(rb"<Contents>.*?</Contents>", page, re.DOTALL)
        backwards = iter(reversed(entries))
        return re.sub(rb"<Contents>.*?</Contents>", lambda _: next(backwards), page,
                      flags=re.DOTALL)
