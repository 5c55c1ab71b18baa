import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { inflateRawSync } from 'node:zlib'
import { CANARIES, type Canary } from '../support/canaries.ts'
import { openLeakHouse, type Caller, type Heard, type LeakHouse } from '../support/leak-house.ts'
import { onEachEngine } from '../support/store-engines.ts'
import {
  askEverything,
  goOn,
  makeAssistants,
  readAll,
  useAssistants,
  type Made,
} from './leak-drive.ts'

// "use" reveals no instructions, plugin source, knowledge or run internals, through any route, event, error, citation or list (design 5).

/** The text of a zip's entries, found by their local headers. */
const unzipped = (bytes: Buffer): string => {
  const parts: string[] = []
  for (
    let at = bytes.indexOf('PK\u0003\u0004');
    at >= 0;
    at = bytes.indexOf('PK\u0003\u0004', at + 4)
  ) {
    const start = at + 30 + bytes.readUInt16LE(at + 26) + bytes.readUInt16LE(at + 28)
    const isPacked = bytes.readUInt16LE(at + 8) === 8
    parts.push(String(isPacked ? inflateRawSync(bytes.subarray(start)) : bytes.subarray(start)))
  }
  return parts.join('\n')
}

const textsOf = ({ headers, text, bytes }: Heard): string =>
  headers + text + (bytes.subarray(0, 2).toString() === 'PK' ? unzipped(bytes) : '')

/** Which canaries stand in what somebody heard: `name in METHOD /path`. */
const leaksIn = (who: Caller, allowed: readonly Canary[]): string[] => {
  const found = new Set<string>()
  for (const heard of who.heard) {
    const text = textsOf(heard)
    for (const [name, canary] of Object.entries(CANARIES) as [Canary, string][])
      if (!allowed.includes(name) && text.includes(canary)) found.add(`${name} in ${heard.what}`)
  }
  return [...found]
}

/** Of a talk that is its own, and what the client itself is to call a plugin with. */
const USES: readonly Canary[] = ['othersThread', 'pluginArguments']
/** Settings, and what its own runs do, which is how knowledge and what plugins give come to it. */
const LOOKS_IN: readonly Canary[] = [
  ...USES,
  ...(['instructions', 'metadata', 'functionDescription', 'parameterDescription'] as const),
  ...(['responseFormat', 'pluginDescription', 'pluginOutput', 'traceback'] as const),
  ...(['openapiTitle', 'upstream', 'provider', 'searchQuery', 'codeInput', 'codeLogs'] as const),
  ...(['knowledgeName', 'knowledgeContent', 'knowledgeAttribute', 'codeFileName'] as const),
]

onEachEngine('what is heard of an assistant', (engine) => {
  describe('by whom', { concurrency: true }, () => {
    let h: LeakHouse
    let made: Made
    let maker: Caller
    before(async () => {
      h = await openLeakHouse(engine)
      maker = await h.person('maker')
      made = await makeAssistants(h, maker)
    })
    after(() => h[Symbol.asyncDispose]())

    const sharedWith = async (name: string, access: string): Promise<Caller> => {
      const who = await h.person(name, name === 'guest' ? 'guest' : 'member')
      for (const id of [made.server, made.client]) await h.share(maker, id, who, access)
      return who
    }
    const callers: Record<string, () => Promise<Caller>> = {
      'a member who uses it': () => sharedWith('member', 'use'),
      'a guest': () => sharedWith('guest', 'use'),
      'a limited key': () => h.limitedKey(maker, [made.server, made.client]),
      'a guest of a link': () => h.linkGuest(maker, [made.server, made.client]),
    }

    for (const [name, caller] of Object.entries(callers)) {
      it(`${name}: what was said to it, and nothing else`, async () => {
        const who = await caller()
        const own = await useAssistants(h, who, made)
        const mine = { ...own, assistant_id: made.server, person_id: who.personId }
        const mixed = { ...made.ids, ...own, assistant_id: made.client }
        await askEverything(h, who, [mine, mixed, made.ids], { writes: true })
        assert.deepEqual(leaksIn(who, USES), [])
        // it did get answers, streams and snapshots, with the mark of a passage
        const all = who.heard.map(({ text }) => text).join('\n')
        for (const sign of ['Here it is', '†source】', 'thread.run.snapshot', 'no such word'])
          assert.ok(all.includes(sign), sign)
      })
    }

    for (const access of ['view', 'edit']) {
      it(`${access}: settings and its own runs, and no plugin, secret, file or thread of others`, async () => {
        const who = await sharedWith(access, access)
        const own = await useAssistants(h, who, made)
        const mine = { ...own, assistant_id: made.server, person_id: who.personId }
        const mixed = { ...made.ids, ...own, assistant_id: made.client }
        await askEverything(h, who, [mine, mixed, made.ids], { writes: false })
        assert.deepEqual(leaksIn(who, LOOKS_IN), [])
        const all = who.heard.map(({ text }) => text).join('\n')
        for (const seen of ['instructions', 'metadata', 'responseFormat', 'codeInput'] as const)
          assert.ok(all.includes(CANARIES[seen]), seen)
      })
    }

    it('its maker: what a full key of the maker does on the thread of a limited key stays hidden from that', async () => {
      const limited = await h.limitedKey(maker, [made.server])
      const content = 'search and say'
      const { id: thread } = await h.make(limited, '/threads', {
        messages: [{ role: 'user', content }],
      })
      const before = h.python.length
      for (const question of ['search', 'python', 'plugin quiet', 'plugin broken', 'fail']) {
        await h.make(maker, `/threads/${thread}/messages`, { role: 'user', content: question })
        await goOn(h, maker, { assistantId: made.server, thread })
      }
      await readAll(h, limited, thread)
      await goOn(h, limited, { assistantId: made.server, thread })
      assert.deepEqual(leaksIn(limited, []), [])
      // what is mounted stays in the session, where the limited key's next run finds it
      const files = h.python.slice(before).filter(({ session }) => session.threadId === thread)
      assert.equal(files.length, 1)
      assert.deepEqual(
        files.flatMap((one) => one.files.map(({ name }) => name)),
        [],
      )
    })
  })
})
