"""Keeps what the plugin prints, up to a limit in bytes."""

import io
import sys


class Capture(io.TextIOBase):
    """A text stream that keeps the first `limit` bytes (UTF-8) and remembers whether more came."""

    def __init__(self, name):
        self.name = name
        self.limit = 65536
        self.kept = []
        self.size = 0
        self.cut = False
        self.buffer = CaptureBytes(self)

    encoding = "utf-8"
    errors = "replace"

    def writable(self):
        return True

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        room = self.limit - self.size
        if room <= 0:
            self.cut = self.cut or bool(text)
            return len(text)
        piece = text[:room].encode("utf-8", "replace")
        if len(piece) > room or len(text) > room:
            piece = piece[:room]
            self.cut = True
        self.kept.append(piece)
        self.size += len(piece)
        return len(text)

    def text(self):
        return b"".join(self.kept).decode("utf-8", "ignore" if self.cut else "replace")


class CaptureBytes(io.RawIOBase):
    """`sys.stdout.buffer`."""

    def __init__(self, owner):
        self.owner = owner

    def writable(self):
        return True

    def write(self, data):
        data = bytes(data)
        self.owner.write(data.decode("utf-8", "replace"))
        return len(data)


stdout = Capture("<stdout>")
stderr = Capture("<stderr>")


def install(limit):
    for stream in (stdout, stderr):
        stream.limit = limit
        stream.kept = []
        stream.size = 0
        stream.cut = False
    sys.stdout = sys.__stdout__ = stdout
    sys.stderr = sys.__stderr__ = stderr
