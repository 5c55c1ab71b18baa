"""What plugins expect of Python and find otherwise in Pyodide: made to work where it can, said in a clear sentence where it cannot."""

import asyncio
import importlib.machinery
import importlib.util
import io
import re
import sys
import threading
import types

import pyodide.http
from pyodide.ffi import JsException, run_sync

NO_PROCESSES = "Plugins have no processes of their own here; asyncio.gather does several things at the same time."
NOT_HERE = {"_multiprocessing": NO_PROCESSES, "_posixsubprocess": NO_PROCESSES}
# Names of packages that are not the names under which they are imported.
IMPORT_NAMES = {
    "pillow": "PIL", "beautifulsoup4": "bs4", "pyyaml": "yaml", "scikit-learn": "sklearn", "scikit-image": "skimage",
    "opencv-python": "cv2", "python-dateutil": "dateutil", "attrs": "attr",
}  # fmt: skip
OF_A_PAGE = {"document", "window", "XMLHttpRequest", "location", "localStorage", "sessionStorage", "alert", "prompt"}
NO_PAGE = "There is no web page here: a plugin runs on the server. Use fetch, pyodide.http.pyfetch or urllib.request for the network."
WHOLE_ADDRESS = "A plugin runs on the server and not in a web page: begin the address with https://"


class NotHere:
    """Says why a module that other places have is missing; last on sys.meta_path."""

    def find_spec(self, name, path=None, target=None):
        reason = NOT_HERE.get(name)
        if reason is not None:
            raise ModuleNotFoundError(reason, name=name)
        return None


def open_url(url):
    """The text at an address, as a file; Pyodide's own asks a browser."""
    response = run_sync(pyodide.http.pyfetch(url))
    response.raise_for_status()
    return io.StringIO(run_sync(response.text()))


def _is_here(requirement):
    name = re.split(r"[\s<>=!~;\[@]", str(requirement).strip(), maxsplit=1)[0].lower()
    imported = IMPORT_NAMES.get(name, name.replace("-", "_"))
    return imported.isidentifier() and importlib.util.find_spec(imported) is not None


async def install_package(requirements, *_values, **_options):
    """micropip.install: nothing is installed while a plugin runs; what is there already is what was asked for."""
    for one in [requirements] if isinstance(requirements, str) else list(requirements):
        if not _is_here(one):
            raise ValueError(
                f"Plugins install nothing while they run, and '{one}' is not among the packages of this server. "
                "A package that it has is there when the plugin imports it, or names it in its file under melzi.packages."
            )


class Runner:
    """asyncio.Runner on the one loop there is."""

    def __init__(self, *, debug=None, loop_factory=None):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()

    def close(self):
        """The loop is the host's and goes on."""

    def get_loop(self):
        return asyncio.get_event_loop()

    def run(self, coro, *, context=None):
        return asyncio.run(coro)


def _no_thread(*_values, **_options):
    raise RuntimeError("can't start new thread: plugins have one thread here; asyncio.gather does several things at the same time.")


def _why_no_time_zones():
    """Where the package with the time zones could not be had, why."""
    return next((finder.reasons["tzdata"] for finder in sys.meta_path if "tzdata" in getattr(finder, "reasons", ())), None)


def explain(error):
    """A sentence to what Python says of an error, where it leaves the reader alone; else None."""
    if isinstance(error, JsException):
        return WHOLE_ADDRESS if "Invalid URL" in str(error) else None
    if type(error).__name__ == "ZoneInfoNotFoundError":
        return _why_no_time_zones()
    if isinstance(error, ImportError):
        return NO_PAGE if error.name == "js" and error.name_from in OF_A_PAGE else None
    return NO_PAGE if isinstance(error, (AttributeError, NameError)) and error.name in OF_A_PAGE else None


def install():
    """Once, before the snapshot is taken."""
    pyodide.http.open_url = open_url
    asyncio.Runner = asyncio.runners.Runner = Runner
    threading._start_joinable_thread = threading._start_new_thread = _no_thread
    micropip = types.ModuleType("micropip", install_package.__doc__)
    micropip.__spec__ = importlib.machinery.ModuleSpec("micropip", None)
    micropip.install = install_package
    sys.modules["micropip"] = micropip
    sys.meta_path.append(NotHere())
