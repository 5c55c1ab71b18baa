import { describe, it } from 'node:test'
import { skipUnless } from '../support/components.ts'
import { lineProperty } from './line-property.ts'
import { listsProperty } from './lists-property.ts'
import { threadProperty } from './thread-property.ts'

// A failure prints its seed and the shortest sequence that fails; MELZI_TEST_SEED brings that failure back. `npm run test:long -- properties`
// takes many more.
for (const engine of ['sqlite', 'postgres'] as const)
  describe(`properties on ${engine}`, engine === 'postgres' ? skipUnless('postgresql') : {}, () => {
    it('random lives of a thread', () =>
      threadProperty({ engine, runs: engine === 'sqlite' ? 40 : 25 }))
    it('random sequences on busy threads', () =>
      lineProperty({ engine, runs: engine === 'sqlite' ? 20 : 10 }))
    it('lists under concurrent inserts', () =>
      listsProperty({ engine, runs: engine === 'sqlite' ? 40 : 20 }))
  })
