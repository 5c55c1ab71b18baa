import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { it } from 'node:test'
import { promisify } from 'node:util'
import yauzl, { type Entry } from 'yauzl'
import { CreateThreadRequest } from '@melzi/contract/thread.ts'
import { openPeopleHouse } from '../../../tests/support/people-house.ts'
import { onEachEngine, type TestEngine } from '../../../tests/support/store-engines.ts'
import { toolResourcesFor } from '../../../tests/support/tool-resources.ts'
import { DiskBlobs } from '../../platform/blobs/disk-blobs.ts'
import type { Principal } from '../../platform/principal.ts'
import { createFileService } from '../files/service.ts'
import { createMessageService } from '../messages/service.ts'
import { createThreadService } from '../threads/service.ts'
import { createDataRights } from './service.ts'

const setUp = async (engine: TestEngine) => {
  const house = await openPeopleHouse(engine)
  const { store, clock, audit, members, home } = house
  const blobs = new DiskBlobs(home.dir, clock)
  const files = createFileService({ store, clock, blobs })
  const toolResources = toolResourcesFor(clock)
  const threads = createThreadService({ store, clock, toolResources })
  const messages = createMessageService({ store, clock, blobs, threads, toolResources, files })
  const forgotten: string[] = []
  const rights = createDataRights({
    store,
    clock,
    audit,
    members,
    blobs,
    files,
    forgetAccount: async (_tx, personId) => {
      forgotten.push(personId)
    },
  })
  const talk = (who: Principal, content: string) =>
    messages.createThread(who, CreateThreadRequest.parse({ messages: [{ role: 'user', content }] }))
  const file = (who: Principal, text: string) =>
    files.createFrom(
      who,
      { purpose: 'assistants', filename: '課表.txt', expiresAfterSeconds: null },
      Readable.from([Buffer.from(text)]),
    )
  return { ...house, rights, talk, file, forgotten }
}

const unzip = async (bytes: Buffer): Promise<Record<string, string>> => {
  const zip = await promisify<Buffer, yauzl.Options, yauzl.ZipFile>(yauzl.fromBuffer)(bytes, {
    lazyEntries: true,
  })
  const found: Record<string, string> = {}
  return new Promise((resolve, reject) => {
    zip.on('error', reject).on('end', () => resolve(found))
    zip.on('entry', (entry: Entry) => {
      zip.openReadStream(entry, (error, stream) => {
        if (error !== null) return reject(error)
        buffer(stream).then((content) => {
          found[entry.fileName] = content.toString()
          zip.readEntry()
        }, reject)
        return undefined
      })
    })
    zip.readEntry()
  })
}

const count = async (h: Awaited<ReturnType<typeof setUp>>, table: string): Promise<number> =>
  (await h.store.get<{ n: number }>(`select count(*) as n from ${table}`))?.n ?? 0

onEachEngine('data rights', (engine) => {
  it('give a person everything it has, and nothing of others', async () => {
    await using h = await setUp(engine)
    await h.talk(h.member, 'what I said')
    await h.talk(h.admin, 'what another said')
    const { id } = await h.file(h.member, 'Monday: maths')
    const entries = await unzip(await buffer(await h.rights.export(h.member, h.member.personId)))
    assert.match(entries['messages.jsonl'] ?? '', /what I said/)
    assert.equal(entries[`files/${id} 課表.txt`], 'Monday: maths')
    assert.match(entries['person.jsonl'] ?? '', new RegExp(h.member.personId))
    assert.ok(!JSON.stringify(entries).includes('what another said'))
    assert.ok(!JSON.stringify(entries).includes('secret_sha256'))
  })

  it('are for the person and for owners', async () => {
    await using h = await setUp(engine)
    const of = (who: Principal) => h.rights.export(who, h.member.personId)
    await buffer(await of(h.owner))
    assert.deepEqual(await h.deeds(h.member.personId), ['person.export'])
    for (const who of [h.admin, h.guest, h.limited(h.member)]) {
      await assert.rejects(of(who), { status: 403 })
    }
    await assert.rejects(of(h.outsider), { status: 404 })
  })

  it('erase a person with all it has, and nobody else', async () => {
    await using h = await setUp(engine)
    for (let i = 0; i < 205; i += 1) await h.talk(h.member, 'mine')
    await h.talk(h.admin, 'stays')
    await h.file(h.member, 'mine')
    const lost = await h.home.assistant(h.member)
    const { personId } = h.member
    await assert.rejects(
      h.rights.erase(h.member, personId, { confirm: 'yes', assistantsTo: null }),
      { status: 400, param: 'confirm' },
    )
    const erased = await h.rights.erase(h.member, personId, {
      confirm: personId,
      assistantsTo: null,
    })
    assert.deepEqual([erased.threads, erased.files, erased.assistants], [205, 1, 1])
    assert.deepEqual([await count(h, 'threads'), await count(h, 'messages')], [1, 1])
    assert.equal(await h.store.get('select 1 as x from assistants where id = ?1', [lost]), null)
    const row = await h.store.get('select name, email from people where id = ?1', [personId])
    assert.deepEqual([row?.['name'], row?.['email']], ['', null])
    assert.deepEqual(h.forgotten, [personId])
    assert.deepEqual(await h.deeds(personId), ['person.erase'])
    await assert.rejects(h.members.get(h.admin, personId), { status: 404 })
  })

  it('leave a person who is in another workspace its account', async () => {
    await using h = await setUp(engine)
    const { personId } = h.member
    await h.store.write('test.join', (tx) =>
      tx.run(
        "insert into memberships (workspace_id, person_id, role, created_at) values (?1, ?2, 'member', 1)",
        [h.outsider.workspaceId, personId],
      ),
    )
    await h.rights.erase(h.admin, personId, { confirm: personId, assistantsTo: null })
    assert.deepEqual(h.forgotten, [])
  })

  it('are not for everybody to erase others', async () => {
    await using h = await setUp(engine)
    const erase = (who: Principal, id: string) =>
      h.rights.erase(who, id, { confirm: id, assistantsTo: null })
    for (const who of [h.member, h.guest, h.limited(h.owner)]) {
      await assert.rejects(erase(who, h.admin.personId), { status: 403 })
    }
    await assert.rejects(erase(h.outsider, h.member.personId), { status: 404 })
    await assert.rejects(erase(h.admin, h.owner.personId), { status: 403 })
    await assert.rejects(erase(h.owner, h.owner.personId), { status: 400 })
  })

  it('go on with an erasure that was broken off', async () => {
    await using h = await setUp(engine)
    await h.talk(h.member, 'mine')
    const { personId, workspaceId } = h.member
    await h.store.write('test.broken', async (tx) => {
      await tx.run('delete from memberships where person_id = ?1', [personId])
      await tx.run(
        'insert into erasures (workspace_id, person_id, requested_by, created_at) values (?1, ?2, ?2, 1)',
        [workspaceId, personId],
      )
    })
    await h.rights.sweep()
    assert.equal(await count(h, 'threads'), 0)
    assert.deepEqual(h.forgotten, [personId])
    await h.rights.sweep()
    assert.equal(h.forgotten.length, 1)
  })

  it('let go of threads that are older than the workspace keeps them', async () => {
    await using h = await setUp(engine)
    await assert.rejects(h.rights.setRetention(h.member, { threadsDays: 1 }), { status: 403 })
    const old = await h.talk(h.member, 'old')
    const kept = await h.talk(h.member, 'old, but spoken in since')
    const elsewhere = await h.talk(h.outsider, 'of a workspace that keeps everything')
    await h.rights.setRetention(h.admin, { threadsDays: 30 })
    h.time.ms += 31 * 86_400_000
    await h.store.write('test.spoken', (tx) =>
      tx.run('update messages set created_at = ?2 where thread_id = ?1', [
        kept.id,
        h.time.ms / 1000,
      ]),
    )
    await h.rights.sweep()
    const left = await h.store.all<{ id: string }>('select id from threads order by id')
    assert.deepEqual(
      left.map(({ id }) => id),
      [kept.id, elsewhere.id].toSorted(),
    )
    assert.ok(!left.some(({ id }) => id === old.id))
    assert.deepEqual(await h.rights.retention(h.admin), { threadsDays: 30, pluginCallsDays: null })
  })
})

onEachEngine('the audit log', (engine) => {
  it('is append-only, whoever asks the database', async () => {
    await using h = await setUp(engine)
    await h.groups.create(h.admin, 'Class')
    for (const statement of [
      "update audit_entries set action = 'nothing'",
      'delete from audit_entries',
    ]) {
      await assert.rejects(
        h.store.write('test.tamper', (tx) => tx.run(statement)),
        /append-only/,
      )
    }
    assert.equal(await count(h, 'audit_entries'), 1)
  })
})
