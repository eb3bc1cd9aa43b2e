"""A client and a server of signed requests, on the library http-message-signatures of PyPI.

serve: verifies every request and answers 404 to a good one and 401 to any other. Prints its port.
call:  signs requests to the server at BASE_URL, good ones and others, and prints what each was answered.
"""

import base64
import http.client
import http.server
import json
import os
import sys
import time
import uuid
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from http_message_signatures.digests import ContentDigest

TOKEN = "e30.e30.c2lnbmF0dXJl"
ALGORITHM = algorithms.ECDSA_P384_SHA384


class Message:
    def __init__(self, method, url, headers):
        self.method, self.url, self.headers = method, url, headers


class Keys(HTTPSignatureKeyResolver):
    def __init__(self):
        self.public = {}
        self.private = {}

    def resolve_public_key(self, key_id):
        return self.public[key_id]

    def resolve_private_key(self, key_id):
        return self.private[key_id]


def serve():
    keys = Keys()
    verifier = HTTPMessageVerifier(signature_algorithm=ALGORITHM, key_resolver=keys)

    def verify(message, body):
        if message.headers.get("authorization") != f"Bearer {TOKEN}":
            raise ValueError("the bearer token is not the good one")
        required = ["@method", "@target-uri"] + (["content-digest"] if body else [])
        verifier.verify(message, max_age=None, require_components=required, body=body)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self, status, value):
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def handle_request(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path == "/v1/auth/token":
                return self.answer(200, {"token": TOKEN, "expiresAt": int(time.time()) + 3600, "tokenType": "Bearer"})
            if self.path == "/v1/auth/signing":
                pem = base64.b64decode(json.loads(body)["publicKey"])
                keys.public["the-key"] = serialization.load_pem_public_key(pem)
                return self.answer(200, {"keyId": "the-key"})
            headers = {name.lower(): ", ".join(self.headers.get_all(name)) for name in self.headers}
            url = f"http://{headers['host']}{self.path}"
            try:
                verify(Message(self.command, url, headers), body)
            except Exception as error:  # whatever the library raises, the request is not a good one
                return self.answer(401, {"message": f"{type(error).__name__}: {error}"})
            self.answer(404, {"message": "verified"})

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_request

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


def call(base_url):
    split = urlsplit(base_url)

    def send(method, path, headers, body):
        connection = http.client.HTTPConnection(split.hostname, split.port)
        connection.request(method, split.path + path, body or None, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, json.loads(text) if text else None

    credentials = {"apiKey": os.environ["API_KEY"], "apiSecret": os.environ["API_SECRET"]}
    json_type = {"content-type": "application/json"}
    _, answer = send("POST", "/auth/token", json_type, json.dumps(credentials))
    bearer = {"authorization": f"Bearer {answer['token']}"}
    keys = Keys()
    private = ec.generate_private_key(ec.SECP384R1())
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    register = json.dumps({"publicKey": base64.b64encode(pem).decode()})
    _, answer = send("PUT", "/auth/signing", bearer | json_type, register)
    key_id = answer["keyId"]
    keys.private[key_id] = private
    _, answer = send("POST", "/sandbox/accounts", bearer | json_type, "{}")
    cards = f"/accounts/{answer['accountId']}/cards"
    signer = HTTPMessageSigner(signature_algorithm=ALGORITHM, key_resolver=keys)

    def signed(what, method, path, body=None, digest="sha-256", tamper=lambda headers: None):
        headers = dict(bearer)
        if method != "GET":
            headers["idempotency-key"] = str(uuid.uuid4())
        if body is not None:
            headers |= json_type
            kind = type("Digest", (ContentDigest,), {"algorithm": digest})
            headers["content-digest"] = kind.create(body)
        covered = ["@method", "@target-uri", "authorization"]
        covered += [name for name in ("content-digest", "idempotency-key") if name in headers]
        url = f"{base_url}{path}"
        message = Message(method, url, headers)
        signer.sign(message, key_id=key_id, covered_component_ids=covered, use_existing_digest=body is not None)
        tamper(headers)
        status, _ = send(method, path, headers, body)
        print(json.dumps({"what": what, "status": status}), flush=True)

    def card(kind, city):
        address = {"firstLine": "1 High Street", "city": city, "country": "GB", "postCode": "SW1A 1AA"}
        return json.dumps({"type": kind, "billingAddress": address, "shippingAddress": address}).encode()

    signed("create", "POST", cards, card("virtual", "London"))
    signed("create with sha-512", "POST", cards, card("physical", "東京 🏙"), digest="sha-512")
    signed("list", "GET", cards)
    signed("unknown", "PATCH", f"/cards/{uuid.uuid4()}/activate")
    other_key = lambda headers: headers.update({"idempotency-key": str(uuid.uuid4())})
    signed("tampered", "PATCH", f"/cards/{uuid.uuid4()}/activate", tamper=other_key)


if sys.argv[1] == "serve":
    serve()
else:
    call(sys.argv[2])
