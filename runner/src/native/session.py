"""
One session: a process that runs cell after cell. The host speaks on a private descriptor (eight hexadecimal digits of length, JSON,
then bytes where the message announces them) and hears on another one (a line of JSON, then bytes where it announces them);
descriptors 1 and 2 are one stream for what is printed.
"""

import os
import sys

import cells
import data_files
import data_paths
import enclosed
import pictures
import walls

PIECE = 1 << 16


class Session:
    def __init__(self, channel, setup, outward, hint):
        self.hint = hint
        self.channel = channel
        self.folder = setup["dataFolder"]
        self.pictures = pictures.Pictures(setup["fileCount"], setup["fileBytes"])
        self.files = data_files.DataFiles(self.folder, setup["fileCount"], setup["fileBytes"])
        self.cells = cells.Cells(outward)
        self.identifiers = set()

    def put(self, message):
        problem = self.files.put(message["id"], message["name"], self.channel.pieces())
        self.identifiers.add(message["id"])
        self.channel.send(t="stored", id=message["id"], problem=problem)

    def run(self, message):
        self.channel.reset()
        self.hint.why = message["missingWhy"]
        self.pictures.begin()
        before = self.look()
        ok, value, trace = self.cells.run(message["code"])
        try:
            self.pictures.take()
        except BaseException as error:
            ok, trace = False, (trace or "") + self.cells.explain(error)
        self.cells.flush()
        for number, picture in enumerate(self.pictures.taken):
            self.channel.send(t="body", kind="image", name=f"image-{self.cells.count}-{number + 1}.png", bytes=len(picture))
            self.channel.write(self.channel.results, picture)
        taken = self.pictures.taken
        kept, left_out = [], []
        try:
            if isinstance(before, OSError):
                raise before
            kept, left_out = self.files.changed(before, self.identifiers, len(taken), sum(map(len, taken)))
        except OSError as error:
            # The code holds so many files open that none can be looked at any more.
            ok, trace = False, (trace or "") + f"The files of this call were not looked at: {error.strerror}\n"
        for name, size in kept:
            self.hand_over(name, size)
        self.channel.write(self.channel.printed, message["mark"].encode())
        self.channel.send(
            t="done", mark=message["mark"], ok=ok, value=value, traceback=trace, leftOut=left_out[:20], leftOutCount=len(left_out) + self.pictures.left_out
        )

    def look(self):
        """What is in the folder, or why nobody can tell."""
        try:
            return self.files.look()
        except OSError as error:
            return error

    def hand_over(self, name, size):
        try:
            source = os.open(os.path.join(self.folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return  # gone in the meantime
        self.channel.send(t="body", kind="file", name=name, bytes=size)
        left = size
        while left > 0:
            piece = os.read(source, min(left, PIECE)) or bytes(min(left, PIECE))
            self.channel.write(self.channel.results, piece)
            left -= len(piece)
        os.close(source)


class Outward:
    """Puts the name /mnt/data where a text has the folder behind it."""

    def __init__(self, folder):
        self.folder, self.name = folder, data_paths.NAME


def main(setup):
    channel = enclosed.Channel()
    enclosed.furnish(setup)
    hint = cells.PackageHint(setup["packagesFolder"], setup["missingNames"])
    sys.meta_path.append(hint)
    session = Session(channel, setup, Outward(setup["dataFolder"]), hint)
    walls.limit(setup["memoryMib"], setup["diskMib"], setup["openFiles"])
    channel.send(t="ready", landlock=enclosed.wall_in(setup))
    while True:
        message = channel.receive()
        if message["t"] == "file":
            session.put(message)
        else:
            session.run(message)
