"""Runs one plugin: the names it expects, its whole source, what it printed or its last value, its exception."""

import ast
import builtins
import inspect
import json
import keyword
import linecache
import os
import random
import sys
import traceback

import melzi_capture
import melzi_http
import melzi_packages
import melzi_params
from pyodide.code import CodeRunner

FILE_NAME = "plugin.py"


def prepare():
    """Runs before the snapshot is taken: what is imported here costs nothing in a call."""
    import asyncio, base64, datetime, html, re, urllib.parse, urllib.request, uuid  # noqa: E401, F401

    import pyodide.http  # noqa: F401

    melzi_http.install()
    melzi_params.install()
    melzi_packages.install()


class MissingPackages:
    """Tells why a package that could have been there is not; last on sys.meta_path."""

    def __init__(self, reasons):
        self.reasons = reasons

    def find_spec(self, name, path=None, target=None):
        reason = self.reasons.get(name)
        if reason is not None:
            raise ModuleNotFoundError(reason, name=name)
        return None


def own_traceback(error):
    """The traceback cut to the plugin's own frames; a syntax error shows its own line."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE_NAME]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(frames)] if frames else []
    return "".join([*lines, *traceback.format_exception_only(error)]).rstrip("\n")


def last_line(error):
    return traceback.format_exception_only(type(error), error)[-1].strip()


def as_text(value):
    """A last value as the model reads it: containers as JSON, the rest as Python prints it."""
    if value is None:
        return ""
    if isinstance(value, (dict, list, tuple)):
        try:
            return json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError):
            pass
    return str(value)


def names_for(job):
    arguments = job["arguments"]
    names = {
        "__name__": "__main__",
        "json": json,
        "ARGUMENTS": arguments,
        "CUSTOMIZED_PARAMS": melzi_params.customized(job["customizedParams"]),
        "CURRENT_CONVERSATION": job["conversation"],
        "PLUGIN_USER_COOKIE": job["userCookie"],
        "SELECTED_FILES": [],
        "infer_params": melzi_params.infer_params_from(arguments),
    }
    for later in ("chat", "count_token", "emb"):
        names[later] = melzi_params.not_configured(later)
    for name, value in arguments.items():
        free = name not in names and not hasattr(builtins, name) and not keyword.iskeyword(name)
        if free and name.isidentifier() and not name.startswith("__"):
            names[name] = value
    return names


async def execute(source, names):
    linecache.cache[FILE_NAME] = (len(source), None, source.splitlines(True), FILE_NAME)
    runner = CodeRunner(
        source,
        filename=FILE_NAME,
        return_mode="last_expr",
        quiet_trailing_semicolon=False,
        flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
    )
    value = await runner.compile().run_async(names)
    while inspect.isawaitable(value):
        value = await value
    return value


async def run(job_text, request, raw):
    """@param raw what went to the file descriptors 1 and 2. @returns the result message as one line of JSON."""
    job = json.loads(job_text)
    # The interpreter's start leaves paths of the machine there.
    for name in ("_", "LD_LIBRARY_PATH", "PYTHONINSPECT"):
        os.environ.pop(name, None)
    melzi_http.connect(request)
    melzi_capture.install(job["stdoutBytes"])
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, MissingPackages)]
    sys.meta_path.append(MissingPackages(job["missing"]))
    random.seed(os.urandom(32))
    dumps = json.dumps
    error = None
    value = ""
    try:
        value = as_text(await execute(job["source"], names_for(job)))
    except SystemExit as stop:
        if stop.code not in (None, 0):
            error = {"kind": "python", "message": f"SystemExit: {stop.code}", "traceback": None}
    except MemoryError:
        error = {"kind": "memory", "message": "The plugin used more memory than it may.", "traceback": None}
    except BaseException as caught:
        error = {"kind": "python", "message": last_line(caught), "traceback": own_traceback(caught)}
    melzi_capture.stdout.write(str(raw.stdout.text()))
    melzi_capture.stderr.write(str(raw.stderr.text()))
    stdout = melzi_capture.stdout.text()
    stderr = melzi_capture.stderr.text()
    output = stdout if stdout else value
    limit = job["resultBytes"]
    cut = melzi_capture.stdout.cut
    if len(output.encode("utf-8", "replace")) > limit:
        output = output.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore")
        cut = True
    if error is not None:
        for key in ("message", "traceback"):
            if error[key] is not None:
                error[key] = error[key][: limit // 8]
    result = {
        "t": "done",
        "ok": error is None,
        "output": output,
        "stdout": stdout,
        "stderr": stderr,
        "truncated": cut,
        "error": error,
    }
    return dumps(result)
