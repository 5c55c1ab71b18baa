import { seconds, type Clock } from '../../platform/clock.ts'
import { errors } from '../../platform/errors.ts'
import type { Sealer } from '../../platform/sealing.ts'
import type { Reader, Tx } from '../../platform/store/store.ts'
import { isSecretName } from '../../plugins/melzi-block.ts'
import { deleteSecret, listSecrets, upsertSecret } from './secret-store.ts'

const LONGEST_SECRET = 16_384
const MOST_SECRETS = 32

export type PluginSecrets = ReturnType<typeof createPluginSecrets>

/** Values of plugins' secrets. The caller has checked whose the plugin is; a value goes to the plugin's own calls and nowhere else. */
export const createPluginSecrets = (deps: { clock: Clock; sealer: Sealer }) => {
  const { clock, sealer } = deps
  const placeOf = (workspaceId: string, pluginId: string, name: string) =>
    `${workspaceId}/${pluginId}/${name}`

  return {
    /**
     * @throws AppError 400 naming `name` or `value`
     */
    set: async (
      tx: Tx,
      workspaceId: string,
      pluginId: string,
      name: string,
      value: string,
    ): Promise<void> => {
      if (!isSecretName(name)) {
        throw errors.invalid(
          `Invalid 'name': expected a name such as 'API_KEY' (letters, digits and underscores, at most 64).`,
          'name',
          'invalid_value',
        )
      }
      if (value === '' || Buffer.byteLength(value) > LONGEST_SECRET) {
        throw errors.invalid(
          `Invalid 'value': expected a string of 1 to ${LONGEST_SECRET} bytes.`,
          'value',
          'invalid_value',
        )
      }
      const known = await listSecrets(tx, workspaceId, pluginId)
      if (known.length >= MOST_SECRETS && !known.some((secret) => secret.name === name)) {
        throw errors.invalid(`A plugin may have ${MOST_SECRETS} secrets.`, 'name', 'invalid_value')
      }
      const sealed = sealer.seal(value, placeOf(workspaceId, pluginId, name))
      const updatedAt = seconds(clock.now())
      await upsertSecret(tx, workspaceId, pluginId, { name, sealed, updatedAt })
    },

    /** @throws AppError 404 */
    delete: async (tx: Tx, workspaceId: string, pluginId: string, name: string): Promise<void> => {
      if (!(await deleteSecret(tx, workspaceId, pluginId, name)))
        throw errors.notFound('secret', name)
    },

    /** Names of those that are set, and since when (Unix seconds); never a value. */
    list: async (
      db: Reader,
      workspaceId: string,
      pluginId: string,
    ): Promise<{ name: string; updatedAt: number }[]> =>
      (await listSecrets(db, workspaceId, pluginId)).map(({ name, updatedAt }) => ({
        name,
        updatedAt,
      })),

    /**
     * The values of those that the plugin names, for one call of it.
     * @throws AppError 503 when they were sealed with another key
     */
    open: async (
      db: Reader,
      workspaceId: string,
      pluginId: string,
      named: readonly string[],
    ): Promise<Record<string, string>> => {
      if (named.length === 0) return {}
      const sealed = await listSecrets(db, workspaceId, pluginId)
      return Object.fromEntries(
        sealed
          .filter(({ name }) => named.includes(name))
          .map((secret) => [
            secret.name,
            sealer.open(secret.sealed, placeOf(workspaceId, pluginId, secret.name)),
          ]),
      )
    },
  }
}
