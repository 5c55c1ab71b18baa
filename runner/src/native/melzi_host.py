"""The way from a plugin to the host, where the interpreter is the system's CPython: lines on a private pipe, and a thread that hears the answers."""

import asyncio
import base64
import concurrent.futures
import itertools
import json
import os
import threading

_dumps, _loads = json.dumps, json.loads
_decode, _encode = base64.b64decode, base64.b64encode
# protocol.ts, HTTP_LIMITS.
MOST_URL, MOST_METHOD, MOST_HEADERS, MOST_HEADER_TEXT = 8192, 32, 200, 49_152
_waiting = {}
_numbers = itertools.count(1)
_sending = threading.Lock()
_channel = None


class EgressError(OSError):
    """The broker refused the request, or it failed on the way."""


class EgressTimeout(EgressError, TimeoutError):
    """No answer in time."""


def connect(channel):
    """@param channel the private descriptors (enclosed.py)"""
    global _channel
    _channel = channel


def listen(lines):
    """Takes the host's answers from here on. After the walls only: a thread that was there before would have none of Landlock."""
    threading.Thread(target=_hear, args=(lines,), daemon=True, name="melzi").start()


def _hear(lines):
    for line in lines:
        answer = _loads(line)
        waiting = _waiting.pop(answer["id"], None)
        if waiting is not None and waiting.set_running_or_notify_cancel():
            waiting.set_result(answer)
    os._exit(0)


def _send(message):
    future = concurrent.futures.Future()
    number = next(_numbers)
    # How a line begins, without spaces, is what the host counts it by while it is on its way.
    line = _dumps({**message, "id": number}, separators=(",", ":")).encode("ascii") + b"\n"
    _waiting[number] = future
    with _sending:
        _channel.write(_channel.results, line)
    return future


def _excess(method, url, headers):
    if len(method) > MOST_METHOD:
        return "The method of the request is too long."
    if len(url) > MOST_URL:
        return f"The URL of the request is longer than {MOST_URL} characters."
    if len(headers) > MOST_HEADERS or sum(len(name) + len(value) for name, value in headers) > MOST_HEADER_TEXT:
        return "The headers of the request are too large."
    return None


def _asked(method, url, headers, body, timeout):
    pairs = [[str(name), str(value)] for name, value in headers]
    problem = _excess(method, url, pairs)
    if problem is not None:
        raise EgressError(problem)
    milliseconds = max(0, timeout * 1000) if isinstance(timeout, (int, float)) else None
    text = _encode(bytes(body)).decode() if body else None
    return _send({"t": "http", "method": method, "url": url, "headers": pairs, "body": text, "timeoutMs": milliseconds})


def _reply(answer):
    problem = answer.get("error")
    if problem is not None:
        raise EgressTimeout(problem) if "did not answer within" in problem else EgressError(problem)
    headers = [(name, value) for name, value in answer.get("headers", [])]
    return answer.get("status", 0), answer.get("reason", ""), headers, _decode(answer.get("body", ""))


def request(method, url, headers, body=None, timeout=None):
    """One hop. @returns (status, reason, [(name, value)], bytes as sent). @raises EgressError"""
    return _reply(_asked(method, url, headers, body, timeout).result())


async def request_async(method, url, headers, body=None, timeout=None):
    return _reply(await asyncio.wrap_future(_asked(method, url, headers, body, timeout)))


async def ask(question):
    """Asks the model's side of the host (protocol.ts, ModelQuestion). @returns what JSON holds. @raises RuntimeError with its sentence"""
    answer = await asyncio.wrap_future(_send({"t": "ask", "question": question}))
    if answer.get("error") is not None:
        raise RuntimeError(answer["error"])
    return answer.get("value")
