"""The way from a plugin to the host, where the interpreter is Pyodide: functions of the runner, which write lines and wait for answers."""

import json

from pyodide.ffi import JsException, jsnull, run_sync, to_js

_request = _ask = None


class EgressError(OSError):
    """The broker refused the request, or it failed on the way."""


class EgressTimeout(EgressError, TimeoutError):
    """No answer in time."""


def connect(request, ask):
    """@param request the JavaScript function that asks the broker. @param ask the one that asks the model."""
    global _request, _ask
    _request, _ask = request, ask


def _sentence(error):
    return str(error).removeprefix("TypeError: ").removeprefix("Error: ")


def _raised(error):
    text = _sentence(error)
    return EgressTimeout(text) if "did not answer within" in text else EgressError(text)


def _asked(method, url, headers, body, timeout):
    milliseconds = max(0, timeout * 1000) if isinstance(timeout, (int, float)) else jsnull
    pairs = to_js([[str(name), str(value)] for name, value in headers])
    return _request(method, url, pairs, to_js(bytes(body)) if body else jsnull, milliseconds)


def _answer(reply):
    headers = [(str(pair[0]), str(pair[1])) for pair in reply.headers]
    return int(reply.status), str(reply.reason), headers, reply.body.to_bytes()


def request(method, url, headers, body=None, timeout=None):
    """One hop. @returns (status, reason, [(name, value)], bytes as sent). @raises EgressError"""
    try:
        return _answer(run_sync(_asked(method, url, headers, body, timeout)))
    except JsException as error:
        raise _raised(error) from None


async def request_async(method, url, headers, body=None, timeout=None):
    try:
        return _answer(await _asked(method, url, headers, body, timeout))
    except JsException as error:
        raise _raised(error) from None


async def ask(question):
    """Asks the model's side of the host (protocol.ts, ModelQuestion). @returns what JSON holds. @raises RuntimeError with its sentence"""
    text = json.dumps(question, ensure_ascii=False)
    try:
        return json.loads(str(await _ask(text)))
    except JsException as error:
        raise RuntimeError(_sentence(error)) from None
