"""
Where no mount namespace can be had, /mnt/data is a name that Python's own file functions understand: they take it for the folder
of this session. What opens files in C by itself (a font by its path, gdbm) does not; names without a folder work there too,
because that folder is also the current one.
"""

import builtins
import io
import os
import posix
import sys

NAME = "/mnt/data"
# How many of a function's first arguments are paths.
FUNCTIONS = {
    "open": 1, "stat": 1, "lstat": 1, "access": 1, "listdir": 1, "scandir": 1, "mkdir": 1, "rmdir": 1, "remove": 1,
    "unlink": 1, "readlink": 1, "chmod": 1, "utime": 1, "truncate": 1, "chdir": 1, "statvfs": 1, "getxattr": 1,
    "listxattr": 1, "rename": 2, "replace": 2, "link": 2, "symlink": 2,
}  # fmt: skip


def install(real):
    """Makes /mnt/data mean `real` from here on."""

    def inward(path):
        if isinstance(path, int) or path is None:
            return path
        try:
            text = os.fspath(path)
        except TypeError:
            return path
        name, folder = (NAME, real) if isinstance(text, str) else (NAME.encode(), os.fsencode(real))
        slash = "/" if isinstance(text, str) else b"/"
        if text == name or text.startswith(name + slash):
            return folder + text[len(name) :]
        return path

    def outward(text):
        if isinstance(text, str) and (text == real or text.startswith(real + "/")):
            return NAME + text[len(real) :]
        if isinstance(text, bytes) and (text == os.fsencode(real) or text.startswith(os.fsencode(real) + b"/")):
            return NAME.encode() + text[len(os.fsencode(real)) :]
        return text

    def wrap(function, count):
        def with_paths(*arguments, **named):
            mapped = [inward(value) for value in arguments[:count]]
            for key in ("path", "file", "src", "dst"):
                if key in named:
                    named[key] = inward(named[key])
            try:
                return function(*mapped, *arguments[count:], **named)
            except OSError as error:
                error.filename = outward(error.filename)
                if error.filename2 is not None:
                    error.filename2 = outward(error.filename2)
                raise

        with_paths.__name__ = with_paths.__qualname__ = function.__name__
        with_paths.__doc__ = function.__doc__
        return with_paths

    for name, count in FUNCTIONS.items():
        original = getattr(os, name)
        wrapped = wrap(original, count)
        setattr(os, name, wrapped)
        setattr(posix, name, wrapped)
        # The standard library asks these sets what a function can do.
        for able in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
            if original in able:
                able.add(wrapped)
    opened = wrap(io.open, 1)
    builtins.open = io.open = sys.modules["_io"].open = opened
    get, get_bytes = os.getcwd, os.getcwdb
    os.getcwd = lambda: outward(get())
    os.getcwdb = lambda: outward(get_bytes())
    sys.meta_path.insert(0, DatabaseFinder(wrap))
    return outward


class DatabaseFinder:
    """Gives sqlite3, which opens files in C, the same understanding when it is imported."""

    def __init__(self, wrap):
        self.wrap = wrap

    def find_spec(self, name, path=None, target=None):
        if name != "sqlite3":
            return None
        sys.meta_path.remove(self)
        import sqlite3

        sqlite3.connect = sqlite3.dbapi2.connect = self.wrap(sqlite3.connect, 1)
        return sqlite3.__spec__
