/** The Python of a native session. It is read by the server and sent to the process, which so needs no folder of ours. */
import { readFile } from 'node:fs/promises'

/** In the order in which each needs only those before it. */
const MODULES = [
  'native/walls',
  'native/data_paths',
  'prelude/pictures',
  'native/cells',
  'native/data_files',
  'native/session',
]

/**
 * The whole program on Python's command line: takes eight hexadecimal digits of length and as many bytes of JSON from descriptor 0,
 * makes modules of the sources in it, and hands the rest over.
 */
export const NATIVE_BOOT = `import json, os, sys, types
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
sys.modules["session"].main(setup)
`

/** Names and texts of the modules, in the order in which they are to be made. */
export const nativeSources = (): Promise<[name: string, text: string][]> =>
  Promise.all(
    MODULES.map(async (path): Promise<[string, string]> => [
      path.slice(path.indexOf('/') + 1),
      await readFile(new URL(`${path}.py`, import.meta.url), 'utf8'),
    ]),
  )
