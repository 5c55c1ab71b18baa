import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sandboxResult } from '../../../tests/support/fake-sandbox.ts'
import { aJob } from './acceptance/support.ts'
import { ChoosingDriver } from './choosing-driver.ts'
import type { SandboxDriver, SandboxJob } from './sandbox-driver.ts'
import { failedResult } from './sandbox-result.ts'

const aDriver = (name: 'deno' | 'native', why: string | null) => {
  const jobs: SandboxJob[] = []
  const driver: SandboxDriver = {
    name,
    probe: async () => ({ ok: why === null, why, walls: why === null ? [name] : [] }),
    run: async (job) => {
      jobs.push(job)
      return why === null ? sandboxResult({ output: name }) : failedResult('unavailable', why)
    },
    [Symbol.asyncDispose]: async () => {},
  }
  return { driver, jobs }
}

const chosen = (given: { deno?: string; native?: string; provides?: boolean }) => {
  const deno = aDriver('deno', given.deno ?? null)
  const native = aDriver('native', given.native ?? null)
  const choosing = new ChoosingDriver({
    deno: deno.driver,
    native: native.driver,
    denoProvides: async () => given.provides === true,
  })
  const run = async (job: SandboxJob) => {
    const { output, error } = await choosing.run(job, new AbortController().signal)
    return error?.message ?? output
  }
  return { choosing, run, deno, native }
}

test('Deno, unless a plugin needs data packages that it does not have', async () => {
  const { run } = chosen({})
  assert.equal(await run(aJob('print(1)')), 'deno')
  assert.equal(await run(aJob('import requests, json')), 'deno')
  assert.equal(await run(aJob('import json\nfrom PIL import Image')), 'native')
  assert.equal(await run(aJob('import os, pandas as pd')), 'native')
  assert.equal(await run(aJob('print(1)', { packages: ['numpy'] })), 'native')
  assert.equal(await chosen({ provides: true }).run(aJob('import pandas')), 'deno')
})

test('where the walls of one do not hold, the other; where none holds, the reason', async () => {
  const withoutNative = chosen({ native: 'no python3' })
  assert.equal(await withoutNative.run(aJob('import pandas')), 'deno')
  const withoutDeno = chosen({ deno: 'no deno' })
  assert.equal(await withoutDeno.run(aJob('print(1)')), 'native')
  assert.equal((await withoutDeno.choosing.probe()).walls.join(), 'native')
  assert.equal(withoutDeno.choosing.name, 'native')
  const without = chosen({ deno: 'no deno', native: 'no python3' })
  assert.equal(await without.run(aJob('print(1)')), 'no deno')
  assert.deepEqual(without.native.jobs, [])
  assert.deepEqual(await without.choosing.probe(), {
    ok: false,
    why: 'deno: no deno; native: no python3',
    walls: [],
  })
})
