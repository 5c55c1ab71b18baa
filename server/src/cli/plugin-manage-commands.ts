import {
  presentCall,
  presentCallSummary,
  presentVersionSummary,
} from '../features/plugins/present.ts'
import { columns, day, type Answer } from './answer.ts'
import { everyItem } from './every-item.ts'
import { readNamedFile } from './files.ts'
import { actingFor, type Workbench } from './workbench.ts'

const LAST_CALLS = { limit: 20, order: 'desc', after: null, before: null } as const

const named = async (bench: Workbench, name: string, person: string | null) => {
  const who = await actingFor(bench, person)
  return { who, plugin: await bench.plugins.getByName(who, name) }
}

export const listVersions = async (
  bench: Workbench,
  name: string,
  person: string | null,
): Promise<Answer> => {
  const { who, plugin } = await named(bench, name, person)
  const versions = await everyItem(async (query) => {
    const page = await bench.pluginManagement.listVersions(who, plugin.id, query)
    return { ...page, items: page.items.map(presentVersionSummary) }
  })
  return {
    value: { data: versions },
    text: columns([
      ['VERSION', 'MADE', 'BROUGHT BACK'],
      ...versions.map(({ version, created_at: made, restored_from: from }) => [
        String(version),
        day(made),
        from === null ? '' : `version ${from}`,
      ]),
    ]),
  }
}

export const restoreVersion = async (
  bench: Workbench,
  name: string,
  version: string,
  person: string | null,
): Promise<Answer> => {
  const { who, plugin } = await named(bench, name, person)
  if (!/^[1-9]\d{0,8}$/.test(version))
    throw new Error(`'${version}' is no number of a version. See: melzi plugin versions ${name}`)
  const restored = await bench.pluginManagement.restore(who, plugin.id, Number(version))
  return {
    value: { id: plugin.id, version: restored.plugin.version, restored_from: Number(version) },
    text: `${plugin.pluginId} is at version ${restored.plugin.version}, with the text of version ${version}.`,
  }
}

/** @param callId all of this call; null lists the last ones */
export const showCalls = async (
  bench: Workbench,
  name: string,
  callId: string | null,
  person: string | null,
): Promise<Answer> => {
  const { who, plugin } = await named(bench, name, person)
  if (callId !== null) {
    const call = presentCall(await bench.callLog.get(who, plugin.id, callId))
    return { value: call, text: JSON.stringify(call, null, 2) }
  }
  const page = await bench.callLog.list(who, plugin.id, LAST_CALLS)
  const calls = page.items.map(presentCallSummary)
  return {
    value: { data: calls },
    text: columns([
      ['ID', 'WHEN', 'FUNCTION', 'VERSION', 'BY', 'STATUS', 'MS'],
      ...calls.map((call) => [
        call.id,
        day(call.created_at),
        call.function_name ?? '',
        call.version === null ? 'unsaved' : String(call.version),
        call.origin ?? '',
        call.status,
        String(call.duration_ms ?? ''),
      ]),
    ]),
  }
}

/** @param file the value's; null reads it with `input` */
export const setSecret = async (
  bench: Workbench,
  command: { plugin: string; name: string; file: string | null },
  input: () => Promise<string>,
  person: string | null,
): Promise<Answer> => {
  const { who, plugin } = await named(bench, command.plugin, person)
  const text = command.file === null ? await input() : await readNamedFile(command.file)
  const { name } = command
  const { refresh } = await bench.pluginManagement.setSecret(who, plugin.id, {
    name,
    value: text.replace(/\r?\n$/, ''),
  })
  const asked =
    refresh === null
      ? ''
      : refresh.ok
        ? '\nThe plugin’s server was asked for its functions.'
        : `\nThe plugin’s server could not be asked for its functions: ${refresh.message ?? ''}`
  return { value: { name, is_set: true, refresh }, text: `${name} is set.${asked}` }
}

export const listSecrets = async (
  bench: Workbench,
  name: string,
  person: string | null,
): Promise<Answer> => {
  const { who, plugin } = await named(bench, name, person)
  const states = await bench.pluginManagement.secrets(who, plugin.id)
  return {
    value: { data: states.map(({ name: one, setAt }) => ({ name: one, updated_at: setAt })) },
    text: columns([
      ['NAME', 'SET'],
      ...states.map((state) => [state.name, state.setAt === null ? 'not yet' : day(state.setAt)]),
    ]),
  }
}

export const deleteSecret = async (
  bench: Workbench,
  name: string,
  secret: string,
  person: string | null,
): Promise<Answer> => {
  const { who, plugin } = await named(bench, name, person)
  await bench.pluginManagement.deleteSecret(who, plugin.id, secret)
  return { value: { name: secret, deleted: true }, text: `${secret} is forgotten.` }
}
