"""
One call of a plugin: a process that takes one job, runs it and ends. The host speaks and hears on private descriptors, a line of
JSON each (protocol.ts); descriptors 1 and 2 are files without a name, of which the first part is kept.
"""

import asyncio
import glob
import importlib
import importlib.abc
import json
import os
import resource
import sys
import tempfile

import data_paths
import enclosed
import melzi_host
import melzi_packages
import melzi_run
import nested_loop
import pictures
import pyodide_names
import walls

_dumps, _loads = json.dumps, json.loads
RAW_KEPT = 65_536
# Address space beyond what a plugin may fill: what libraries map and never write.
LIBRARIES_MIB = 1024
# Patched when they are imported: whoever does not import them does not pay for them.
PATCHES = {"requests": melzi_packages._install_requests, "httpx": melzi_packages._install_httpx}


class Raw:
    """What goes to the descriptors 1 and 2 past Python's own streams."""

    def __init__(self, channel, folder):
        self.files = []
        for number in (1, 2):
            with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
                os.dup2(file.fileno(), number)
            self.files.append(os.dup(number))
        os.close(channel.printed)

    def text(self):
        pieces = []
        for file in self.files:
            try:
                pieces.append(os.pread(file, RAW_KEPT, 0).decode("utf-8", "replace"))
            except OSError:
                pieces.append("")  # the plugin closed it
        return tuple(pieces)


class Patching(importlib.abc.Loader):
    def __init__(self, loader, patch):
        self.loader, self.patch = loader, patch

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        self.patch()

    def __getattr__(self, name):
        return getattr(self.loader, name)


class PatchingFinder:
    def find_spec(self, name, path=None, target=None):
        patch = PATCHES.pop(name, None)
        if patch is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is None or spec.loader is None:
            return spec
        spec.loader = Patching(spec.loader, patch)
        return spec


def find_packages(setup):
    """What the host has fetched since this process started."""
    importlib.invalidate_caches()
    for path in [path for path, finder in sys.path_importer_cache.items() if finder is None]:
        del sys.path_importer_cache[path]
    if setup["wheelsFolder"] is not None:
        sys.path[1:1] = sorted(glob.glob(os.path.join(setup["wheelsFolder"], "*.whl")))


def main(setup):
    channel = enclosed.Channel()
    enclosed.furnish(setup)
    work = setup["workFolder"]
    if setup["mapDataFolder"]:
        data_paths.install(os.path.join(work, "tmp"), "/tmp", [work, *setup["readable"]])
    raw = Raw(channel, os.path.join(work, "tmp"))
    nested_loop.install()
    pyodide_names.install()
    melzi_host.connect(channel)
    shown = pictures.Pictures(0, 0)
    sys.meta_path.insert(0, PatchingFinder())
    melzi_packages.install = lambda: None
    melzi_run.prepare()
    sys.argv = [melzi_run.FILE_NAME]
    resource.setrlimit(resource.RLIMIT_STACK, (min(8 << 20, resource.getrlimit(resource.RLIMIT_STACK)[0]),) * 2)
    memory = setup["memoryMib"]
    # In a namespace of its own the user has no other processes; elsewhere the host counts the threads.
    threads = None if setup["needsLandlock"] else setup["threads"]
    walls.limit(memory + LIBRARIES_MIB, setup["diskMib"], setup["openFiles"], setup["cpuSeconds"], memory, threads)
    version = enclosed.wall_in(setup)
    channel.send(t="ready", walls=["seccomp", *([f"landlock {version}"] if version else [])])
    lines = open(channel.commands, "rb", closefd=False)
    line = lines.readline()
    if not line:
        os._exit(0)
    find_packages(setup)
    melzi_host.listen(lines)
    folder = os.path.join(data_paths.NAME, "files")
    loop = nested_loop.PluginLoop()
    asyncio.set_event_loop(loop)
    try:
        done = loop.run_until_complete(melzi_run.run(_loads(line), folder, raw.text, shown))
        text = _dumps(done)
    except MemoryError:
        error = {"kind": "memory", "message": "The plugin used more memory than it may.", "traceback": None}
        text = _dumps({"t": "done", "ok": False, "output": "", "stdout": "", "stderr": "", "truncated": False, "error": error, "pictures": [], "picturesLeftOut": 0})
    channel.write(channel.results, text.encode() + b"\n")
    os._exit(0)
