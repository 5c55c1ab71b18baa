import type { Random } from './random.ts'

/** Ids of what is, or was, on the server, so that random requests meet real objects. */

/** Ids that belong together: a run with its thread. */
type Family = Record<string, string>

const KEPT = 60

const KINDS: Record<string, string> = {
  assistant: 'assistant_id',
  thread: 'thread_id',
  'thread.message': 'message_id',
  'thread.run': 'run_id',
  'thread.run.step': 'step_id',
  file: 'file_id',
  vector_store: 'vector_store_id',
  'vector_store.file': 'file_id',
  'vector_store.file_batch': 'batch_id',
  'vector_store.files_batch': 'batch_id',
  upload: 'upload_id',
  'upload.part': 'part_id',
}
const RELATIVES = ['thread_id', 'run_id', 'vector_store_id', 'upload_id', 'assistant_id'] as const

export class Pools {
  readonly #families = new Map<string, Family[]>()

  /** Takes in the ids of an answer. */
  harvest(body: unknown): void {
    if (typeof body !== 'object' || body === null) return
    const { object, id, data, required_action: action } = body as Record<string, unknown>
    if (object === 'list' && Array.isArray(data)) for (const item of data) this.harvest(item)
    if (typeof object === 'string') this.#harvestPlugin(object, body as Record<string, unknown>)
    const kind = typeof object === 'string' ? KINDS[object] : undefined
    if (kind === undefined || typeof id !== 'string') return
    const family: Family = {}
    for (const name of RELATIVES) {
      const value = (body as Record<string, unknown>)[name]
      if (typeof value === 'string') family[name] = value
    }
    this.add(kind, { ...family, [kind]: id })
    for (const [, call] of JSON.stringify(action ?? '').matchAll(/"id":"(call_[^"]+)"/g))
      this.add('tool_call_id', { ...family, run_id: id, tool_call_id: call ?? '' })
  }

  /** What plugins call `plugin_id` is, but for their calls, the id in their file. */
  #harvestPlugin(object: string, body: Record<string, unknown>): void {
    const id = String(body['id'])
    if (object === 'plugin') {
      const version = String(body['version'])
      this.add('plugin_id', { plugin_id: id })
      this.add('version', { plugin_id: id, version })
      for (const { name, is_set: isSet } of body['secrets'] as { name: string; is_set: boolean }[])
        if (isSet) this.add('name', { plugin_id: id, name })
    }
    if (object === 'plugin.call')
      this.add('call_id', { plugin_id: String(body['plugin_id']), call_id: id })
    if (object === 'assistant.plugin')
      this.add('plugin_id', { plugin_id: id, assistant_id: String(body['assistant_id']) })
  }

  add(kind: string, family: Family): void {
    const pool = this.#families.get(kind) ?? []
    pool.push(family)
    if (pool.length > KEPT) pool.shift()
    this.#families.set(kind, pool)
  }

  /** An id of this kind; null where none is known. */
  id(kind: string, random: Random): string | null {
    const pool = this.#families.get(kind) ?? []
    return pool.length === 0 ? null : (random.pick(pool)[kind] ?? null)
  }

  /** Ids for all these names, which belong together where such are known. */
  family(names: readonly string[], random: Random): Family {
    const last = names.at(-1)
    const pool = (this.#families.get(last ?? '') ?? []).filter((one) =>
      names.every((name) => one[name] !== undefined),
    )
    if (pool.length > 0 && random.chance(0.93)) return random.pick(pool)
    return Object.fromEntries(names.map((name) => [name, this.id(name, random) ?? 'none']))
  }
}
