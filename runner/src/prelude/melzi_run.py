"""Runs one plugin: the names it expects, its whole source, what it printed or its last value, its exception."""

import ast
import base64
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
import melzi_model
import melzi_packages
import melzi_params

FILE_NAME = "plugin.py"


def prepare():
    """Runs before the first job is there (before the snapshot is taken, where there is one): what is imported here costs nothing in a call."""
    import asyncio, datetime, html, re, urllib.parse, urllib.request, uuid  # noqa: E401, F401

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


def file_name(title, taken):
    """A name for a file that a plugin opens: the title without what leads elsewhere, made different where it is taken."""
    plain = "".join(char for char in os.path.basename(str(title).replace("\\", "/")) if char.isprintable()).strip(". ") or "file"
    while len(plain.encode("utf-8", "replace")) > 200:
        plain = plain[1:]
    name, number = plain, 1
    while name in taken:
        number += 1
        stem, dot, ending = plain.rpartition(".")
        name = f"{stem}-{number}.{ending}" if dot and stem else f"{plain}-{number}"
    taken.add(name)
    return name


def selected(files, folder):
    """Writes the files into `folder`. @returns SELECTED_FILES"""
    taken = set()
    items = []
    for file in files:
        path = os.path.join(folder, file_name(file["title"], taken))
        os.makedirs(folder, exist_ok=True)
        with open(path, "wb") as target:
            target.write(base64.b64decode(file["data"]))
        items.append({"title": file["title"], "type": file["type"], "subject": path})
    return items


def names_for(job, folder):
    arguments = job["arguments"]
    conversation = job["conversation"]
    names = {
        "__name__": "__main__",
        "json": json,
        "ARGUMENTS": arguments,
        "CUSTOMIZED_PARAMS": melzi_params.customized(job["customizedParams"]),
        "CURRENT_CONVERSATION": conversation,
        "SELECTED_MODEL_TOKEN_LIMIT": job["modelTokenLimit"],
        "PLUGIN_USER_COOKIE": job["userCookie"],
        "SECRETS": dict(job["secrets"]),
        "SELECTED_FILES": selected(job["files"], folder),
        "infer_params": melzi_model.infer_params_from(arguments, conversation),
        "chat": melzi_model.chat_about(conversation),
        "count_token": melzi_model.count_token,
        "emb": melzi_model.emb,
    }
    for name, value in arguments.items():
        free = name not in names and not hasattr(builtins, name) and not keyword.iskeyword(name)
        if free and name.isidentifier() and not name.startswith("__"):
            names[name] = value
    return names


FLAGS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


async def step(code, names):
    value = eval(code, names)
    return await value if code.co_flags & inspect.CO_COROUTINE else value


async def execute(source, names):
    """Runs a source with top-level await. @returns the value of its last statement where that is an expression, awaited if need be"""
    linecache.cache[FILE_NAME] = (len(source), None, source.splitlines(True), FILE_NAME)
    tree = compile(source, FILE_NAME, "exec", ast.PyCF_ONLY_AST | FLAGS, dont_inherit=True)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    await step(compile(tree, FILE_NAME, "exec", FLAGS, dont_inherit=True), names)
    if last is None:
        return None
    value = await step(compile(ast.Expression(last.value), FILE_NAME, "eval", FLAGS, dont_inherit=True), names)
    while inspect.isawaitable(value):
        value = await value
    return value


async def run(job, folder, raw_text, pictures):
    """
    Runs one job (protocol.ts, JobMessage).
    @param folder where SELECTED_FILES are put
    @param raw_text gives what went to the file descriptors 1 and 2 past Python's own streams
    @param pictures keeps what plt.show() gives (pictures.py)
    @returns the message of its end, to be written as JSON
    """
    melzi_capture.install(job["stdoutBytes"])
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, MissingPackages)]
    sys.meta_path.append(MissingPackages(job["missing"]))
    random.seed(os.urandom(32))
    pictures.count, pictures.total_bytes = job["pictures"]["count"], job["pictures"]["totalBytes"]
    pictures.begin()
    for name, value in job["secrets"].items():
        os.environ[name] = value
    error = None
    value = ""
    try:
        value = as_text(await execute(job["source"], names_for(job, folder)))
    except SystemExit as stop:
        if stop.code not in (None, 0):
            error = {"kind": "python", "message": f"SystemExit: {stop.code}", "traceback": None}
    except MemoryError:
        error = {"kind": "memory", "message": "The plugin used more memory than it may.", "traceback": None}
    except BaseException as caught:
        error = {"kind": "python", "message": last_line(caught), "traceback": own_traceback(caught)}
    raw_stdout, raw_stderr = raw_text()
    melzi_capture.stdout.write(raw_stdout)
    melzi_capture.stderr.write(raw_stderr)
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
    return {
        "t": "done",
        "ok": error is None,
        "output": output,
        "stdout": stdout,
        "stderr": stderr,
        "truncated": cut,
        "error": error,
        "pictures": [base64.b64encode(picture).decode() for picture in pictures.taken],
        "picturesLeftOut": pictures.left_out,
    }
