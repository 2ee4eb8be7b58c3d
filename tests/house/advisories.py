"""A service of advisories, as pip-audit asks the package index for them: behind a proxy, over TLS of a day."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "pypi.org"


@contextmanager
def answering(folder: Path, known: Mapping[str, list[str]]) -> Iterator[dict[str, str]]:
    """The environment in which pip-audit asks us. `known`: a package's faults by name; others are 404."""
    certificate = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    class Service(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name, version = self.path.split("/")[2:4]
            faults = known.get(name)
            body = json.dumps({"info": {"name": name, "version": version}, "vulnerabilities": _told(faults or [])})
            self.send_response(404 if faults is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    class Proxy(StreamRequestHandler):
        def handle(self) -> None:
            wanted = self.rfile.readline().split()
            while self.rfile.readline().strip():
                continue
            if wanted[:2] != [b"CONNECT", f"{HOST}:443".encode()]:
                self.wfile.write(b"HTTP/1.1 502 Nobody else is to be had here\r\n\r\n")
                return
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            with suppress(OSError), context.wrap_socket(self.connection, server_side=True) as secure:
                Service(secure, self.client_address, self.server)  # type: ignore[arg-type]

    class Server(ThreadingTCPServer):
        allow_reuse_address, daemon_threads = True, True
        address_family = socket.AF_INET

    with Server(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        yield {
            "HTTPS_PROXY": address, "https_proxy": address, "NO_PROXY": "", "no_proxy": "",
            "REQUESTS_CA_BUNDLE": str(certificate), "PIP_CACHE_DIR": str(folder / "cache"),
        }  # fmt: skip
        server.shutdown()


def _told(faults: list[str]) -> list[dict[str, Any]]:
    return [
        {"id": one, "aliases": [], "details": "", "summary": "", "fixed_in": [], "withdrawn": None}
        for one in faults
    ]


def _certificate(folder: Path) -> Path:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "service.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path
