import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { skipUnless } from '../../../tests/support/components.ts'
import { importedPackages, PythonPackages } from './python-packages.ts'

test('which packages a source imports', () => {
  const cases: [string, string[]][] = [
    ['import requests', ['requests']],
    ['import json, requests as r', ['requests']],
    ['from httpx import get', ['httpx']],
    ['    from  urllib3.util import Retry', ['urllib3']],
    ["importlib.import_module('idna')", ['idna']],
    ['from zoneinfo import ZoneInfo', ['zoneinfo']],
    ['import urllib.request\nimport json', []],
    ['requests = 1', []],
    ['import my_requests, requests_like', []],
  ]
  for (const [source, expected] of cases)
    assert.deepEqual(importedPackages(source), expected, source)
})

test('a hostile source costs little', () => {
  const started = Date.now()
  importedPackages('import '.repeat(150_000))
  importedPackages(`from ${' '.repeat(1_000_000)} h11`)
  importedPackages('h11 '.repeat(250_000))
  assert.ok(Date.now() - started < 500)
})

test('a server that must not fetch says so for each name', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'melzi-no-packages-'))
  try {
    const result = await new PythonPackages(folder, null).fetch(new AbortController().signal)
    assert.ok('missing' in result)
    assert.match(
      result.missing['charset_normalizer'] ?? '',
      /^The package 'charset_normalizer' is not on this server: .*"wheels"/,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('without an index the host asks its own pip', skipUnless('python-pip'), async () => {
  const folder = mkdtempSync(join(tmpdir(), 'melzi-pip-packages-'))
  try {
    const packages = new PythonPackages(folder, undefined)
    assert.deepEqual(await packages.cached(), [])
    const result = await packages.fetch(new AbortController().signal)
    assert.ok('paths' in result, JSON.stringify(result))
    assert.ok(result.paths.some((path) => /requests-[\d.]+-py3/.test(path)))
    assert.deepEqual(await packages.cached(), result.paths)
    assert.deepEqual(
      readdirSync(join(folder, 'wheels')).filter((name) => name.startsWith('.')),
      [],
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
