"""The names that plugins know from Pyodide, on the system's CPython: pyodide.http and the little of pyodide.ffi that has a meaning here."""

import asyncio
import gzip
import io
import json
import sys
import types
import urllib.parse
import zlib

import melzi_host

MOST_REDIRECTS = 20
REDIRECTS = (301, 302, 303, 307, 308)
NOT_HERE = {
    "js": "there is no JavaScript here: this plugin runs on the system's own Python. Use pyodide.http.pyfetch or urllib.request instead of js.fetch.",
    "pyodide_js": "there is no JavaScript here: this plugin runs on the system's own Python.",
    "micropip": "plugins install nothing while they run; the packages of this server can be imported as they are.",
}


class JsException(Exception):
    """What Pyodide raises for an error of JavaScript; nothing raises it here."""


class HttpStatusError(OSError):
    def __init__(self, status, status_text, url):
        self.status, self.status_text, self.url = status, status_text, url
        kind = "Client" if status < 500 else "Server"
        super().__init__(f"{status} {kind} Error: {status_text} for url: {url}")


class FetchResponse:
    def __init__(self, url, status, status_text, headers, body, redirected):
        self.url, self.status, self.status_text, self.redirected = url, status, status_text, redirected
        self.headers = headers
        self._body = body
        self.body_used = False

    @property
    def ok(self):
        return 200 <= self.status < 300

    def raise_for_status(self):
        if self.status >= 400:
            raise HttpStatusError(self.status, self.status_text, self.url)

    async def bytes(self):
        self.body_used = True
        return self._body

    buffer = memoryview = bytes

    async def text(self):
        return (await self.bytes()).decode("utf-8", "replace").removeprefix("\ufeff")

    string = text

    async def json(self, **options):
        return json.loads(await self.text(), **options)


def _headers(given):
    items = given.items() if hasattr(given, "items") else given or ()
    headers = {str(name).lower(): str(value) for name, value in items}
    headers.setdefault("accept-encoding", "gzip, deflate")
    headers.setdefault("accept", "*/*")
    return headers


def _unpacked(headers, body):
    encoding = headers.get("content-encoding", "").lower()
    if not body:
        return body
    if encoding == "gzip":
        return gzip.decompress(body)
    return zlib.decompress(body) if encoding == "deflate" else body


def _joined(pairs):
    headers = {}
    for name, value in pairs:
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _next_hop(url, location, method, headers, body, status):
    following = urllib.parse.urljoin(url, location)
    if urllib.parse.urlsplit(following)[:2] != urllib.parse.urlsplit(url)[:2]:
        headers.pop("authorization", None)
    if (status == 303 and method != "HEAD") or (status < 303 and method == "POST"):
        headers.pop("content-type", None)
        return following, "GET", None
    return following, method, body


async def pyfetch(url, *, method="GET", headers=None, body=None, redirect="follow", **_others):
    """The web's fetch through the host: redirects are followed, the body is unpacked. @raises OSError when the host refuses"""
    url, method, headers = str(url), str(method).upper(), _headers(headers)
    if isinstance(body, str):
        headers.setdefault("content-type", "text/plain;charset=UTF-8")
        body = body.encode("utf-8")
    elif body is not None:
        body = bytes(body)
    for hop in range(MOST_REDIRECTS + 1):
        status, reason, pairs, data = await melzi_host.request_async(method, url, list(headers.items()), body)
        answered = _joined(pairs)
        if status not in REDIRECTS or "location" not in answered or redirect == "manual":
            return FetchResponse(url, status, reason, answered, _unpacked(answered, data), hop > 0)
        if redirect == "error":
            raise melzi_host.EgressError(f"{url} redirects, and the call forbids redirects")
        url, method, body = _next_hop(url, answered["location"], method, headers, body, status)
    raise melzi_host.EgressError(f"{url} redirects more than {MOST_REDIRECTS} times")


def run_sync(awaitable):
    """The value of an awaitable, waited for right here."""

    async def value():
        return await awaitable

    return asyncio.run(value())


def open_url(url):
    """The text at an address, as a file. @raises OSError"""
    response = run_sync(pyfetch(url))
    response.raise_for_status()
    return io.StringIO(run_sync(response.text()))


def same(value, **_options):
    """Where there is no other language there is nothing to convert."""
    return value


class NotHere:
    """Says why a module that other places have is missing."""

    def find_spec(self, name, path=None, target=None):
        reason = NOT_HERE.get(name)
        if reason is not None:
            raise ModuleNotFoundError(f"The module '{name}' is not available: {reason}", name=name)
        return None


def _module(name, **names):
    module = sys.modules[name] = types.ModuleType(name)
    module.__dict__.update(names)
    return module


def install():
    http = _module("pyodide.http", pyfetch=pyfetch, open_url=open_url, FetchResponse=FetchResponse, HttpStatusError=HttpStatusError)
    ffi = _module(
        "pyodide.ffi", JsException=JsException, run_sync=run_sync, to_js=same, create_proxy=same, create_once_callable=same, can_run_sync=lambda: True
    )
    package = _module("pyodide", http=http, ffi=ffi)
    package.__path__ = []
    sys.meta_path.append(NotHere())
