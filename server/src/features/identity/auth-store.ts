import { createAdapterFactory, type CleanedWhere, type CustomAdapter } from 'better-auth/adapters'
import type { Sealer } from '../../platform/sealing.ts'
import type { Row, SqlValue, Store, Tx } from '../../platform/store/store.ts'
import { TABLES, type Table } from './auth-tables.ts'
import { secretHash } from '../../platform/secret-token.ts'
import { SESSION_LONGEST_MS } from './session-cookie.ts'

type Data = Record<string, unknown>

interface Asked {
  model: string
  where?: readonly CleanedWhere[] | undefined
}

const OPERATORS: Readonly<Record<string, string>> = {
  eq: '=',
  ne: '<>',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
}

const tableOf = (model: string): Table => {
  const table = TABLES[model]
  if (table === undefined) throw new Error(`there is no table for "${model}"`)
  return table
}

const columnOf = (table: Table, field: string) => {
  const found = table.columns[field]
  if (found === undefined) throw new Error(`there is no column for "${field}" of ${table.name}`)
  return found
}

const unixMs = (value: unknown): number =>
  value instanceof Date ? value.getTime() : new Date(value as string).getTime()

/**
 * The library's store over ours. It sees its own models; each of its writes is one write unit, so that there is no second writer.
 * Tokens of sessions go in as hashes: a session comes back with the token it was asked for by, or with the hash where it was not.
 */
export const createAuthStore = (deps: { store: Store; sealer: Sealer }) => {
  const { store, sealer } = deps

  const toSql = (table: Table, field: string, value: unknown): SqlValue => {
    if (value === null || value === undefined) return null
    switch (columnOf(table, field).kind) {
      case 'flag':
        return value === true ? 1 : 0
      case 'seconds':
        return Math.floor(unixMs(value) / 1000)
      case 'ms':
        return unixMs(value)
      case 'hashed':
        return secretHash(value as string)
      case 'sealed':
        return sealer.seal(value as string, table.name)
      default:
        return value as SqlValue
    }
  }

  const fromSql = (table: Table, field: string, value: SqlValue): unknown => {
    if (value === null) return null
    switch (columnOf(table, field).kind) {
      case 'flag':
        return value === 1
      case 'seconds':
        return new Date((value as number) * 1000)
      case 'ms':
        return new Date(value as number)
      case 'sealed':
        return sealer.open(value as string, table.name)
      default:
        return value
    }
  }

  const fromRow = (table: Table, row: Row, where: readonly CleanedWhere[] = []): Data => {
    const data: Data = {}
    for (const [field, { name, kind }] of Object.entries(table.columns)) {
      if (kind === 'dropped') continue
      const asked = kind === 'hashed' ? where.find((one) => one.field === field) : undefined
      data[field] =
        typeof asked?.value === 'string' ? asked.value : fromSql(table, field, row[name] ?? null)
    }
    return data
  }

  /** A condition that appends its values to `params`. */
  const condition = (table: Table, where: readonly CleanedWhere[], params: SqlValue[]): string => {
    const place = (field: string, value: unknown): string => {
      params.push(toSql(table, field, value))
      return `?${params.length}`
    }
    const parts = where.map(({ field, operator, value, connector }) => {
      const { name, kind } = columnOf(table, field)
      if (kind === 'sealed' || kind === 'dropped' || (connector === 'OR' && where.length > 1)) {
        throw new Error(`${table.name} cannot be asked for "${field}" like this`)
      }
      if (operator === 'in') {
        const values = (value as unknown[]).map((one) => place(field, one))
        return values.length === 0 ? '1 = 0' : `${name} in (${values.join(', ')})`
      }
      const sign = OPERATORS[operator ?? 'eq']
      if (sign === undefined) throw new Error(`there is no operator "${operator}" in this store`)
      if (value === null) return `${name} is ${operator === 'ne' ? 'not ' : ''}null`
      return `${name} ${sign} ${place(field, value)}`
    })
    return parts.length === 0 ? '1 = 1' : parts.join(' and ')
  }

  /** `name = ?n` for each field that is kept. */
  const assignments = (table: Table, data: Data, params: SqlValue[]): string[] =>
    Object.entries(data).flatMap(([field, value]) => {
      const { name, kind } = columnOf(table, field)
      if (kind === 'dropped') return []
      params.push(toSql(table, field, value))
      const set = `?${params.length}`
      if (table.name !== 'sessions' || name !== 'expires_ms') return [`${name} = ${set}`]
      const last = `created_ms + ${SESSION_LONGEST_MS}`
      return [`${name} = case when ${set} < ${last} then ${set} else ${last} end`]
    })

  const select = async (
    { model, where = [] }: Asked,
    rest: { limit?: number; offset?: number; sortBy?: { field: string; direction: string } } = {},
  ): Promise<Data[]> => {
    const table = tableOf(model)
    const params: SqlValue[] = []
    const { limit, offset = 0, sortBy } = rest
    const order =
      sortBy === undefined
        ? 'id'
        : `${columnOf(table, sortBy.field).name} ${sortBy.direction === 'desc' ? 'desc' : 'asc'}, id`
    const found = condition(table, where, params)
    params.push(limit ?? 100, offset)
    const rows = await store.all(
      `select * from ${table.name} where ${found} order by ${order} limit ?${params.length - 1} offset ?${params.length}`,
      params,
    )
    return rows.map((row) => fromRow(table, row, where))
  }

  const write = <T>(what: string, model: string, unit: (tx: Tx, table: Table) => Promise<T>) => {
    const table = tableOf(model)
    return store.write(`identity.${what} ${table.name}`, (tx) => unit(tx, table))
  }

  /** Changes the rows found; gives how many, and the first of them as it is now. */
  const change = (
    asked: Asked & { set: Data; increment?: Readonly<Record<string, number>> },
    most: 'one' | 'all',
  ) =>
    write('update', asked.model, async (tx, table) => {
      const params: SqlValue[] = []
      const sets = assignments(table, asked.set, params)
      for (const [field, by] of Object.entries(asked.increment ?? {})) {
        const { name } = columnOf(table, field)
        params.push(by)
        sets.push(`${name} = ${name} + ?${params.length}`)
      }
      const where = asked.where ?? []
      const found = condition(table, where, params)
      const which =
        most === 'all' ? found : `id in (select id from ${table.name} where ${found} limit 1)`
      if (sets.length === 0) sets.push('id = id')
      const rows = await tx.all(
        `update ${table.name} set ${sets.join(', ')} where ${which} returning *`,
        params,
      )
      const [row] = rows
      return { count: rows.length, first: row === undefined ? null : fromRow(table, row, where) }
    })

  const remove = (asked: Asked, most: 'one' | 'all') =>
    write('delete', asked.model, async (tx, table) => {
      // people are referred to by what they made: they are erased, never deleted
      if (table.name === 'people') throw new Error('people are not deleted here')
      const params: SqlValue[] = []
      const where = asked.where ?? []
      const found = condition(table, where, params)
      const which =
        most === 'all' ? found : `id in (select id from ${table.name} where ${found} limit 1)`
      const rows = await tx.all(`delete from ${table.name} where ${which} returning *`, params)
      const [row] = rows
      return { count: rows.length, first: row === undefined ? null : fromRow(table, row, where) }
    })

  // The factory's generics are the library's claim about its own models.
  const adapter: CustomAdapter = {
    create: async <T extends Data>({ model, data }: { model: string; data: T }): Promise<T> => {
      await write('insert', model, async (tx, table) => {
        const kept = Object.keys(data).filter((f) => columnOf(table, f).kind !== 'dropped')
        const names = kept.map((field) => columnOf(table, field).name)
        const values = kept.map((field) => toSql(table, field, data[field]))
        if (table.name === 'people') {
          // the library makes people by single sign-on only
          names.push('awaits_admission')
          values.push(1)
        }
        const places = values.map((_, index) => `?${index + 1}`)
        await tx.run(
          `insert into ${table.name} (${names.join(', ')}) values (${places.join(', ')})`,
          values,
        )
      })
      return data
    },
    findOne: async <T>(asked: Asked) =>
      ((await select(asked, { limit: 1 }))[0] ?? null) as T | null,
    findMany: async <T>(
      asked: Asked & {
        limit: number
        offset?: number | undefined
        sortBy?: { field: string; direction: 'asc' | 'desc' } | undefined
      },
    ) => {
      const { limit, offset = 0, sortBy } = asked
      return (await select(asked, {
        limit,
        offset,
        ...(sortBy === undefined ? {} : { sortBy }),
      })) as T[]
    },
    count: async ({ model, where = [] }: Asked) => {
      const table = tableOf(model)
      const params: SqlValue[] = []
      const found = condition(table, where, params)
      const row = await store.get<{ n: number }>(
        `select count(*) as n from ${table.name} where ${found}`,
        params,
      )
      return row?.n ?? 0
    },
    update: async <T>({ model, where, update }: Asked & { update: T }) =>
      (await change({ model, where, set: update as Data }, 'one')).first as T | null,
    updateMany: async ({ model, where, update }) =>
      (await change({ model, where, set: update }, 'all')).count,
    delete: async (asked) => {
      await remove(asked, 'one')
    },
    deleteMany: async (asked) => (await remove(asked, 'all')).count,
    consumeOne: async <T>(asked: Asked) => (await remove(asked, 'one')).first as T | null,
    incrementOne: async <T>(
      asked: Asked & { increment: Record<string, number>; set?: Data | undefined },
    ) => {
      const { model, where, increment, set = {} } = asked
      return (await change({ model, where, set, increment }, 'one')).first as T | null
    },
  }
  return createAdapterFactory({
    config: {
      adapterId: 'melzi',
      supportsDates: true,
      supportsBooleans: true,
      supportsJSON: false,
      // each write is a unit of its own: the library awaits other things between them
      transaction: false,
    },
    adapter: () => adapter,
  })
}
