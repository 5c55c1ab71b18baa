/** A server's use of the sandbox in a process of its own: \`node hello-program.ts <cacheDir>\` prints the result of one call as JSON. */
import { DenoDriver } from '../deno-driver.ts'
import { run } from './support.ts'

await using sandbox = new DenoDriver({
  cacheDir: process.argv[2] ?? '',
  poolSize: 1,
  packageIndexUrl: null,
})
const probe = await sandbox.probe()
const result = await run(sandbox, 'print("hello from", name)', {
  arguments: { name: `user ${process.getuid?.()}` },
})
process.stdout.write(JSON.stringify({ probe, output: result.output, error: result.error }))
