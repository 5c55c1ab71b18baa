/** Suites that run on every driver of Python plugins. */
import { describe } from 'node:test'
import {
  DENO_CANDIDATE,
  NATIVE_CANDIDATES,
  type Candidate,
} from '../../src/plugins/python/acceptance/support.ts'
import { skipUnless } from './components.ts'

/** Runs a suite on the system's Python behind each set of walls. */
export const onEachNative = (suite: (candidate: Candidate) => void): void => {
  for (const candidate of NATIVE_CANDIDATES)
    describe(candidate.name, skipUnless(...candidate.needs), () => suite(candidate))
}

/** Runs a suite on Deno, and on the system's Python behind each set of walls. */
export const onEachDriver = (suite: (candidate: Candidate) => void): void => {
  describe(DENO_CANDIDATE.name, () => suite(DENO_CANDIDATE))
  onEachNative(suite)
}
