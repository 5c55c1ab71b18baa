"""Gives requests and httpx, where they are on the path, the host's egress broker instead of sockets."""

import importlib.util
import io

import melzi_http


def install():
    if importlib.util.find_spec("requests") is not None:
        _install_requests()
    if importlib.util.find_spec("httpx") is not None:
        _install_httpx()


def _pairs(headers):
    return [(_text(name), _text(value)) for name, value in headers]


def _text(value):
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _install_requests():
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter

    def send(self, request, stream=False, timeout=None, verify=True, cert=None, proxies=None):
        if verify is False:
            raise requests.exceptions.SSLError("verify=False is not possible here: the host checks every certificate.", request=request)
        seconds = timeout[-1] if isinstance(timeout, tuple) else timeout
        body = request.body
        if isinstance(body, str):
            body = body.encode("utf-8")
        elif body is not None and not isinstance(body, (bytes, bytearray)):
            body = body.read() if hasattr(body, "read") else b"".join(body)
        try:
            status, reason, headers, data = melzi_http.request(request.method, request.url, _pairs(request.headers.items()), body, seconds)
        except melzi_http.EgressTimeout as error:
            raise requests.exceptions.ReadTimeout(str(error), request=request) from None
        except melzi_http.EgressError as error:
            raise requests.exceptions.ConnectionError(str(error), request=request) from None
        answer = urllib3.HTTPResponse(
            body=io.BytesIO(data),
            headers=headers,
            status=status,
            reason=reason,
            preload_content=False,
            request_method=request.method,
            original_response=_Original(headers),
        )
        return self.build_response(request, answer)

    HTTPAdapter.send = send


class _Original:
    """The little of http.client.HTTPResponse that requests reads cookies from."""

    def __init__(self, headers):
        import email.message

        self.msg = email.message.Message()
        for name, value in headers:
            self.msg[name] = value
        self._original_response = self

    def isclosed(self):
        return True

    def close(self):
        pass


def _install_httpx():
    import httpx
    from httpx import AsyncHTTPTransport, HTTPTransport

    def seconds(request):
        limits = request.extensions.get("timeout", {})
        return limits.get("read")

    def raised(error, request):
        kind = httpx.ReadTimeout if isinstance(error, melzi_http.EgressTimeout) else httpx.ConnectError
        return kind(str(error), request=request)

    def response(reply):
        status, reason, headers, data = reply
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(data), extensions={"reason_phrase": reason.encode("latin-1", "replace")})

    def no_setup(self, *_values, **_named):
        """Neither certificates nor sockets are needed."""

    def handle(self, request):
        try:
            return response(melzi_http.request(request.method, str(request.url), _pairs(request.headers.raw), request.read(), seconds(request)))
        except melzi_http.EgressError as error:
            raise raised(error, request) from None

    async def handle_async(self, request):
        body = await request.aread()
        try:
            reply = await melzi_http.request_async(request.method, str(request.url), _pairs(request.headers.raw), body, seconds(request))
        except melzi_http.EgressError as error:
            raise raised(error, request) from None
        return response(reply)

    async def nothing(self, *_values):
        pass

    HTTPTransport.__init__ = AsyncHTTPTransport.__init__ = no_setup
    HTTPTransport.handle_request = handle
    AsyncHTTPTransport.handle_async_request = handle_async
    HTTPTransport.__enter__ = lambda self: self
    HTTPTransport.__exit__ = HTTPTransport.close = no_setup

    async def entered(self):
        return self

    AsyncHTTPTransport.__aenter__ = entered
    AsyncHTTPTransport.__aexit__ = AsyncHTTPTransport.aclose = nothing
