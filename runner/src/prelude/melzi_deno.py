"""What the runner in Deno calls: takes a job as text, gives the message of its end as one line of JSON."""

import json
import os

import melzi_host
import melzi_run
import pictures

_dumps = json.dumps
FOLDER = "/files"
shown = pictures.Pictures(0, 0)


async def run(job_text, request, ask, raw):
    """@param raw what went to the file descriptors 1 and 2."""
    # The interpreter's start leaves paths of the machine there.
    for name in ("_", "LD_LIBRARY_PATH", "PYTHONINSPECT"):
        os.environ.pop(name, None)
    os.environ["MPLBACKEND"] = f"module://{pictures.BACKEND}"
    melzi_host.connect(request, ask)
    done = await melzi_run.run(json.loads(job_text), FOLDER, lambda: (str(raw.stdout.text()), str(raw.stderr.text())), shown)
    return _dumps(done)
