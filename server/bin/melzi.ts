#!/usr/bin/env -S node --max-semi-space-size=24 --heap-growing-percent=70
import { text } from 'node:stream/consumers'
import { runCli } from '../src/cli/run-cli.ts'
import { readEnv } from '../src/config/env.ts'

process.exitCode = await runCli(process.argv.slice(2), {
  env: readEnv(),
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  // Loaded only when it is wanted, so that the other commands start quickly.
  serve: async () => (await import('../src/main.ts')).serve(),
  input: () => text(process.stdin),
  interrupted: async () => (await import('../src/main.ts')).interruption(),
})
