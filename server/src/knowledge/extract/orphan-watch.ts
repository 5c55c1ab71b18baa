/**
 * A thread beside the program that reads files: when the server is gone, it ends the process, however busy a parser is. The limits are
 * the server's to enforce, and a killed server enforces none.
 */
const WATCH_MS = 1_000
const parent = process.ppid

setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
}, WATCH_MS)
