"""How a native process comes to be enclosed: its private descriptors, its folders and environment, then its walls."""

import base64
import fcntl
import json
import os
import shutil
import sys
import threading

import data_paths
import pictures
import walls

PRIVATE_FROM = 48
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


def furnish(setup):
    """Folders, an environment of our own, and the way to the data packages; before the walls."""
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
    if setup["mapDataFolder"]:
        data_paths.install(data)


def wall_in(setup):
    """Files and system calls, after the limits. Gives the version of Landlock, 0 without it; raises where a wall does not stand."""
    if threading.active_count() > 1:
        raise OSError("a thread was started before the walls, and would have none of Landlock")
    version = 0
    if setup["needsLandlock"] or walls.landlock_version() >= walls.LEAST_ABI:
        writable = [setup["workFolder"], setup["dataFolder"]]
        version = walls.landlock(setup["readable"], writable, ["/dev/null", "/dev/urandom"])
    walls.filter_calls(base64.b64decode(setup["filter"]))
    walls.assert_closed()
    return version
