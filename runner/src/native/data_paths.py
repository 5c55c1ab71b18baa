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


def install(real, known_as=NAME, kept=()):
    """Makes /mnt/data, or another name, mean the folder `real` from here on. @param kept folders below that name that stay what they are"""
    kept = tuple(folder + "/" for folder in kept)

    def inward(path):
        if isinstance(path, int) or path is None:
            return path
        try:
            text = os.fspath(path)
        except TypeError:
            return path
        name, folder = (known_as, real) if isinstance(text, str) else (known_as.encode(), os.fsencode(real))
        slash = "/" if isinstance(text, str) else b"/"
        if (text == name or text.startswith(name + slash)) and not os.fsdecode(text + slash).startswith(kept):
            return folder + text[len(name) :]
        return path

    def outward(text):
        if isinstance(text, str) and (text == real or text.startswith(real + "/")):
            return known_as + text[len(real) :]
        if isinstance(text, bytes) and (text == os.fsencode(real) or text.startswith(os.fsencode(real) + b"/")):
            return known_as.encode() + text[len(os.fsencode(real)) :]
        return text

    def wrap(function, count):
        return Mapped(function, count, inward, outward)

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
    scan = os.scandir

    def scandir(path="."):
        return scan(path) if inward(path) is path else MappedEntries(scan(path), outward)

    os.scandir = posix.scandir = scandir
    os.supports_fd.add(scandir)
    get, get_bytes = os.getcwd, os.getcwdb
    os.getcwd = lambda: outward(get())
    os.getcwdb = lambda: outward(get_bytes())
    finder = next((one for one in sys.meta_path if isinstance(one, DatabaseFinder)), None)
    if finder is None:
        sys.meta_path.insert(0, DatabaseFinder(wrap))
    else:
        finder.wraps.append(wrap)
    return outward


class Mapped:
    """A function of paths. No function itself, so that it does not become a method where a class takes it for an attribute."""

    def __init__(self, function, count, inward, outward):
        self.function, self.count, self.inward, self.outward = function, count, inward, outward
        self.__name__ = self.__qualname__ = function.__name__
        self.__doc__ = function.__doc__

    def __call__(self, *arguments, **named):
        mapped = [self.inward(value) for value in arguments[: self.count]]
        for key in ("path", "file", "src", "dst"):
            if key in named:
                named[key] = self.inward(named[key])
        try:
            return self.function(*mapped, *arguments[self.count :], **named)
        except OSError as error:
            error.filename = self.outward(error.filename)
            if error.filename2 is not None:
                error.filename2 = self.outward(error.filename2)
            raise


class MappedEntries:
    """What scandir gives, with the paths that were asked for."""

    def __init__(self, entries, outward):
        self.entries, self.outward = entries, outward

    def __iter__(self):
        return self

    def __next__(self):
        return MappedEntry(next(self.entries), self.outward)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.entries.close()

    def close(self):
        self.entries.close()


class MappedEntry:
    def __init__(self, entry, outward):
        self.entry, self.path, self.name = entry, outward(entry.path), entry.name

    def __getattr__(self, name):
        return getattr(self.entry, name)

    def __fspath__(self):
        return self.path

    def __repr__(self):
        return f"<DirEntry {self.name!r}>"


class DatabaseFinder:
    """Gives sqlite3, which opens files in C, the same understanding when it is imported."""

    def __init__(self, wrap):
        self.wraps = [wrap]

    def find_spec(self, name, path=None, target=None):
        if name != "sqlite3":
            return None
        sys.meta_path.remove(self)
        import sqlite3

        for wrap in self.wraps:
            sqlite3.connect = sqlite3.dbapi2.connect = wrap(sqlite3.connect, 1)
        return sqlite3.__spec__
