"""
One session: a process that runs cell after cell. The host speaks on a private descriptor (eight hexadecimal digits of length, JSON,
then bytes where the message announces them) and hears on another one (a line of JSON, then bytes where it announces them);
descriptors 1 and 2 are one stream for what is printed.
"""

import base64
import fcntl
import json
import os
import shutil
import sys

import cells
import data_files
import data_paths
import pictures
import walls

PRIVATE_FROM = 48
PIECE = 1 << 16
# Instead of a length: the body ends here, and is not whole.
ABORTED = 0xFFFFFFFF


class Channel:
    """The private descriptors. Code in this process can find them; what it writes there harms its own session only."""

    def __init__(self):
        def move(number):
            return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, PRIVATE_FROM)

        self.commands, self.printed, self.results = move(0), move(1), move(3)
        self.null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        self.reset()
        os.closerange(3, self.null)
        os.closerange(self.null + 1, PRIVATE_FROM)
        os.closerange(self.results + 1, 1024)

    def reset(self):
        """Puts the standard descriptors back, whatever the last cell did with them."""
        os.dup2(self.null, 0)
        os.dup2(self.printed, 1)
        os.dup2(self.printed, 2)

    def read(self, size):
        pieces = []
        while size > 0:
            piece = os.read(self.commands, min(size, 1 << 20))
            if not piece:
                os._exit(0)
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def receive(self):
        return json.loads(self.read(int(self.read(8), 16)))

    def pieces(self):
        """The pieces of a body, each after its length; None where the host had to give up."""
        while True:
            size = int(self.read(8), 16)
            if size == 0:
                return
            yield None if size == ABORTED else self.read(size)

    def write(self, target, data):
        data = memoryview(data)
        while data:
            data = data[os.write(target, data) :]

    def send(self, **message):
        self.write(self.results, json.dumps(message).encode() + b"\n")


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
        before = self.files.look()
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
        kept, left_out = self.files.changed(before, self.identifiers, len(taken), sum(map(len, taken)))
        for name, size in kept:
            self.hand_over(name, size)
        self.channel.write(self.channel.printed, message["mark"].encode())
        self.channel.send(
            t="done", mark=message["mark"], ok=ok, value=value, traceback=trace, leftOut=left_out[:20], leftOutCount=len(left_out) + self.pictures.left_out
        )

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
    channel = Channel()
    work, data = setup["workFolder"], setup["dataFolder"]
    for name in ("home", "home/matplotlib", "tmp"):
        os.makedirs(os.path.join(work, name), exist_ok=True)
    os.makedirs(data, exist_ok=True)
    home = os.path.join(work, "home")
    packages = setup["packagesFolder"]
    fonts = os.path.join(packages, "fonts") if packages else None
    if fonts and os.path.isdir(fonts):
        shutil.copytree(fonts, os.path.join(home, "matplotlib"), dirs_exist_ok=True)
    os.environ.clear()
    os.environ.update(
        HOME=home, TMPDIR=os.path.join(work, "tmp"), LANG="C.UTF-8", PATH="/usr/bin",
        MPLBACKEND=f"module://{pictures.BACKEND}", MPLCONFIGDIR=os.path.join(home, "matplotlib"),
        OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1",
    )  # fmt: skip
    os.chdir(data)
    sys.path.insert(0, data)
    if packages:
        sys.path.insert(1, packages)
    hint = cells.PackageHint(packages, setup["missingNames"])
    sys.meta_path.append(hint)
    if setup["mapDataFolder"]:
        data_paths.install(data)
    session = Session(channel, setup, Outward(data), hint)
    walls.limit(setup["memoryMib"], setup["diskMib"], setup["openFiles"])
    version = 0
    if setup["needsLandlock"] or walls.landlock_version() >= walls.LEAST_ABI:
        version = walls.landlock(setup["readable"], [work, data], ["/dev/null", "/dev/urandom"])
    walls.filter_calls(base64.b64decode(setup["filter"]))
    walls.assert_closed()
    channel.send(t="ready", landlock=version)
    while True:
        message = channel.receive()
        if message["t"] == "file":
            session.put(message)
        else:
            session.run(message)
