/** The child's only command line argument, as JSON. */
export interface ChildOptions {
  /**
   * `serve` takes one job behind the walls; `snapshot` prints the memory of a booted interpreter; `warm` boots without walls and
   * without a job, only to fill Deno's code cache.
   */
  mode: 'snapshot' | 'serve' | 'warm'
  /** Ends with a slash. */
  pyodideDir: string
  /** Ends with a slash. */
  preludeDir: string
  snapshotFile: string
  /** Pure-Python wheels that are put on `sys.path`. */
  wheels: string[]
  /** Wheels of Pyodide's own build that are unpacked when the snapshot is back: they may hold machine code. */
  packages: string[]
  /** Most memory that Python may use. */
  memoryMiB: number
  /** Only for the tests of the second wall. */
  keepDenoPermissions: boolean
}
