import { after } from 'node:test'

/**
 * Loaded into every test file's process by scripts/test.ts. A file whose tests are over and that still holds a handle is a failure, and so
 * is one that takes too long; node's own runner would wait for both without end.
 */
const LEAK_MS = 5_000
const FILE_MS = Number(process.env['MELZI_TEST_FILE_MS'] ?? 300_000)

const end = (why: string) => {
  console.error(`${process.argv[1]}: ${why}; open: ${process.getActiveResourcesInfo().join(', ')}`)
  process.exit(1)
}

// Neither timer keeps the process alive: it goes off only where something else does.
setTimeout(end, FILE_MS, `did not end within ${FILE_MS} ms`).unref()
after(() => {
  setTimeout(end, LEAK_MS, `still running ${LEAK_MS} ms after its last test`).unref()
})
