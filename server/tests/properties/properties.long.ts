import { describe, it } from 'node:test'
import { skipUnless } from '../support/components.ts'
import { lineProperty } from './line-property.ts'
import { listsProperty } from './lists-property.ts'
import { threadProperty } from './thread-property.ts'

/** Some minutes of what properties.test.ts does in seconds. */
for (const engine of ['sqlite', 'postgres'] as const)
  describe(
    `properties on ${engine}, long`,
    engine === 'postgres' ? skipUnless('postgresql') : {},
    () => {
      it('random lives of a thread', () => threadProperty({ engine, runs: 1_500 }))
      it('random sequences on busy threads', () => lineProperty({ engine, runs: 1_000 }))
      it('lists under concurrent inserts', () => listsProperty({ engine, runs: 1_000 }))
    },
  )
