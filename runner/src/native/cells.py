"""Cells run as in a notebook: one namespace, top-level await, the last expression's value, tracebacks of the user's own lines."""

import ast
import asyncio
import builtins
import importlib
import inspect
import linecache
import os
import sys
import traceback
import types

VALUE_CHARACTERS = 32_768
TRACEBACK_CHARACTERS = 16_384
# Of a traceback; a recursion without end has a million.
DEEPEST_FRAMES = 200
CUT = "\n[cut]"


def refuse_input(prompt="", /):
    raise RuntimeError("input() does not work here: nobody can answer while the code runs. Put the value into the code.")


class PackageHint:
    """Asked when nothing else knows a module: says how a data package comes to be here."""

    def __init__(self, folder, names):
        self.folder, self.names, self.why = folder, names, ""

    def find_spec(self, name, path=None, target=None):
        if name in self.names and (self.folder is None or not os.path.isdir(self.folder)):
            raise ModuleNotFoundError(f"The package '{name}' is not on this server: {self.why}", name=name)
        return None


class Cells:
    def __init__(self, outward):
        self.outward = outward
        self.count = 0
        self.main = types.ModuleType("__main__")
        self.main.__dict__.update(__builtins__=builtins)
        sys.modules["__main__"] = self.main
        self.loop = None
        builtins.input = refuse_input
        self.streams = tuple(
            open(number, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False) for number in (1, 2)
        )

    def run(self, code):
        """Gives (ok, value, traceback)."""
        self.count += 1
        sys.stdout, sys.stderr = self.streams
        importlib.invalidate_caches()
        for path in [path for path, finder in sys.path_importer_cache.items() if finder is None]:
            del sys.path_importer_cache[path]
        name = f"<cell {self.count}>"
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        try:
            value = self.evaluate(code, name)
            if value is None:
                return True, None, None
            self.main._ = value
            text = repr(value)
            return True, shorten(text, VALUE_CHARACTERS), None
        except SystemExit as error:
            if error.code is None or error.code == 0:
                return True, None, None
            return False, None, f"SystemExit: {shorten(str(error.code), 1000)}\n"
        except BaseException as error:
            return False, None, self.explain(error)
        finally:
            self.flush()

    def evaluate(self, code, name):
        tree = compile(code, name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self.step(compile(tree, name, "exec", flags, dont_inherit=True))
        if last is None:
            return None
        return self.step(compile(ast.Expression(last.value), name, "eval", flags, dont_inherit=True))

    def step(self, code):
        if code.co_flags & inspect.CO_COROUTINE == 0:
            return eval(code, self.main.__dict__)
        if self.loop is None or self.loop.is_closed():
            self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        return self.loop.run_until_complete(eval(code, self.main.__dict__))

    def flush(self):
        for stream in {*self.streams, sys.stdout, sys.stderr}:
            try:
                stream.flush()
            except Exception:
                pass  # the user may have closed or replaced it

    def explain(self, error):
        try:
            report = traceback.TracebackException(type(error), error, error.__traceback__, limit=-DEEPEST_FRAMES)
            keep_cells(report)
            text = "".join(report.format())
            return shorten(text.replace(self.outward.folder, self.outward.name), TRACEBACK_CHARACTERS, tail=True)
        except BaseException as second:
            return f"{type(error).__name__} (and {type(second).__name__} when it was put into words)\n"


def keep_cells(report, depth=0):
    """Leaves out the frames that are not the user's."""
    report.stack[:] = [frame for frame in report.stack if frame.filename.startswith("<cell ")]
    for other in (report.__cause__, report.__context__):
        if other is not None and depth < 20:
            keep_cells(other, depth + 1)


def shorten(text, length, tail=False):
    if len(text) <= length:
        return text
    return "[cut]\n" + text[-length:] if tail else text[:length] + CUT
