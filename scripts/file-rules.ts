import { homedir } from 'node:os'
import path from 'node:path'
import type { Violation } from './import-zones.ts'
import { maskSource } from './source-text.ts'

/** Rules on single files that the linter has no word for. */

/** Files that must name what the rule with this message refuses, and why. */
const EXEMPT: Readonly<Record<string, string>> = {
  // The public index from which the host fetches the packages of plugins, a default of the product.
  'server/src/plugins/python/python-packages.ts': 'the host of a package registry',
  // What an attacker would try to read.
  'server/src/plugins/python/acceptance/attacks.ts': 'a path of this machine',
  'server/src/walls/acceptance/native-attacks.ts': 'a path of this machine',
}

const isTypeScript = (file: string) => /\.tsx?$/.test(file)

interface Rule {
  applies: (file: string) => boolean
  pattern: RegExp
  message: string
  /** Looks at the text as it stands, not at the code without comments and strings. */
  raw?: boolean
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** @param root the folder of the checkout, whose own path may stand in no file */
export const fileRules = (root: string): readonly Rule[] => {
  const places = [path.dirname(root), homedir()]
    .filter((place) => place.length > 1)
    .map((place) => `${escaped(place)}/`)
  return [
    {
      applies: isTypeScript,
      pattern:
        /\b(?:it|test|describe|suite)\.(?:only|skip|todo)\b|[{,]\s*(?:only|skip|todo)\s*:\s*true\b/,
      message: 'a focused, skipped or unwritten test',
    },
    {
      applies: isTypeScript,
      pattern: /\bmock\s*\.\s*module\b|\b(?:vi|jest)\s*\.\s*mock\b/,
      message: 'a mocked module: fake only the model, the clock and the network',
    },
    {
      applies: isTypeScript,
      pattern: /\bTO[D]O\b|\bFIX[M]E\b|@ts-(?:ignore|nocheck)\b/,
      message: 'unfinished or unchecked code',
      raw: true,
    },
    {
      applies: () => true,
      // The names are written in pieces so that this file does not break its own rule.
      pattern: new RegExp(
        [
          'registry\\.(?:npmjs\\.org|yarnpkg\\.com)',
          'npmmirror\\.com',
          '(?:files\\.python' + 'hosted|pypi)\\.org',
        ].join('|'),
      ),
      message: 'the host of a package registry',
      raw: true,
    },
    ...(places.length > 0
      ? [
          {
            applies: () => true,
            pattern: new RegExp(places.join('|')),
            message: 'a path of this machine',
            raw: true,
          },
        ]
      : []),
  ]
}

/** What is wrong with one file. @param file relative to the root, with forward slashes */
export const checkFile = (file: string, source: string, rules: readonly Rule[]): Violation[] => {
  const applying = rules.filter((rule) => rule.applies(file) && EXEMPT[file] !== rule.message)
  if (applying.length === 0) return []
  const code = isTypeScript(file) ? maskSource(source) : source
  return applying.flatMap(({ pattern, message, raw }) => {
    const text = raw ? source : code
    const at = text.search(pattern)
    return at < 0 ? [] : [{ file, line: text.slice(0, at).split('\n').length, message }]
  })
}
