"""Gives http.client (and with it urllib) the host's egress broker instead of sockets."""

import http.client
import io

from melzi_host import EgressError, EgressTimeout, request, request_async  # noqa: F401


def _unchunked(data):
    body = []
    while data:
        size_line, _, data = data.partition(b"\r\n")
        size = int(size_line.split(b";")[0], 16)
        if size == 0:
            break
        body.append(data[:size])
        data = data[size + 2 :]
    return b"".join(body)


class BrokerSocket:
    """Looks like a connected socket to http.client: collects one request, hands out one response."""

    def __init__(self, scheme, host, port, timeout):
        name = f"[{host}]" if ":" in host and not host.startswith("[") else host
        standard = port in (None, 443 if scheme == "https" else 80)
        self.origin = f"{scheme}://{name}" + ("" if standard else f":{port}")
        self.timeout = timeout
        self.sent = bytearray()

    def sendall(self, data):
        self.sent += bytes(data)

    def makefile(self, mode="rb", *_values, **_named):
        head, _, body = bytes(self.sent).partition(b"\r\n\r\n")
        self.sent.clear()
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _version = first.split(" ", 2)
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        if any(name.lower() == "transfer-encoding" for name, _ in headers):
            body = _unchunked(body)
        skipped = ("host", "connection", "transfer-encoding", "content-length")
        headers = [(name, value) for name, value in headers if name.lower() not in skipped]
        url = target if target.startswith(("http://", "https://")) else self.origin + target
        return io.BufferedReader(io.BytesIO(_raw_response(method, *request(method, url, headers, body, self.timeout))))

    def close(self):
        self.sent.clear()

    def settimeout(self, timeout):
        self.timeout = timeout

    def setsockopt(self, *_values):
        pass

    def shutdown(self, _how):
        pass


def _raw_response(method, status, reason, headers, body):
    kept = [pair for pair in headers if pair[0].lower() not in ("transfer-encoding", "connection", "keep-alive")]
    if method != "HEAD":
        kept = [pair for pair in kept if pair[0].lower() != "content-length"]
        kept.append(("Content-Length", str(len(body))))
    kept.append(("Connection", "close"))
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in kept), "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace") + body


def _timeout_of(connection):
    return connection.timeout if isinstance(connection.timeout, (int, float)) else None


def _connect_plain(self):
    self.sock = BrokerSocket("http", self.host, self.port, _timeout_of(self))


def _connect_secure(self):
    self.sock = BrokerSocket("https", self.host, self.port, _timeout_of(self))


def install():
    http.client.HTTPConnection.connect = _connect_plain
    http.client.HTTPSConnection.connect = _connect_secure
