/** The Python of a native process. It is read by the server and sent to the process, which so needs no folder of ours. */
import { readFile } from 'node:fs/promises'

/** In the order in which each needs only those before it; the last one's `main` takes over. */
const MODULES = {
  session: [
    'native/walls',
    'native/data_paths',
    'prelude/pictures',
    'native/enclosed',
    'native/cells',
    'native/data_files',
    'native/session',
  ],
  plugin: [
    'native/walls',
    'native/data_paths',
    'prelude/pictures',
    'native/enclosed',
    'native/melzi_host',
    'native/nested_loop',
    'native/pyodide_names',
    'prelude/melzi_capture',
    'prelude/melzi_http',
    'prelude/melzi_params',
    'prelude/melzi_model',
    'prelude/melzi_packages',
    'prelude/melzi_run',
    'native/plugin',
  ],
} as const

/** `session`: runs cell after cell of a code interpreter session. `plugin`: runs one call of a plugin. */
export type NativeProgram = keyof typeof MODULES

/** The server's own work goes first, from the start on. */
const NICENESS = 10

/**
 * The whole program on Python's command line: takes eight hexadecimal digits of length and as many bytes of JSON from descriptor 0,
 * makes modules of the sources in it, and hands the rest over.
 */
export const NATIVE_BOOT = `import json, os, sys, types
os.nice(${NICENESS})
def take(size):
    data = b""
    while len(data) < size:
        piece = os.read(0, size - len(data))
        if not piece:
            os._exit(0)
        data += piece
    return data
setup = json.loads(take(int(take(8), 16)))
for name, text in setup.pop("sources"):
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(text, "<melzi " + name + ">", "exec"), module.__dict__)
sys.modules[setup.pop("program")].main(setup)
`

/** Names and texts of the modules, in the order in which they are to be made. */
export const nativeSources = (program: NativeProgram): Promise<[name: string, text: string][]> =>
  Promise.all(
    MODULES[program].map(async (path): Promise<[string, string]> => [
      path.slice(path.indexOf('/') + 1),
      await readFile(new URL(`${path}.py`, import.meta.url), 'utf8'),
    ]),
  )
