import { Client, DatabaseError, types, type ClientConfig } from 'pg'
import { AppError } from '../errors.ts'

const STATEMENT_TIMEOUT_MS = 30_000
const IDLE_IN_TRANSACTION_MS = 10_000
/** Also how long a statement waits for a free connection of the pool. */
const CONNECT_TIMEOUT_MS = 10_000

/** An int8 or numeric as a number. @throws RangeError for an integer beyond 2^53, as SQLite's driver does */
const toNumber = (text: string): number => {
  const value = Number(text)
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new RangeError(`${text} is too large to be represented as a number`)
  }
  return value
}

const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.slice(2), 'hex'))

// What both engines give alike: numbers for int8 (count) and numeric (sum), 0/1 for comparisons, Uint8Array for bytes, text for JSON.
const parsers = new Map<number, (text: string) => unknown>([
  [types.builtins.INT8, toNumber],
  [types.builtins.NUMERIC, toNumber],
  [types.builtins.BOOL, (text) => (text === 't' ? 1 : 0)],
  [types.builtins.BYTEA, toBytes],
  [types.builtins.JSON, String],
  [types.builtins.JSONB, String],
])

const portableTypes = {
  getTypeParser: (oid: number) => parsers.get(oid) ?? types.getTypeParser(oid),
}

/** How every connection of Melzi is made. search_path stays what the URL, the role or the database say. */
export const connectionConfig = (url: string): ClientConfig => ({
  connectionString: url,
  application_name: 'melzi',
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  statement_timeout: STATEMENT_TIMEOUT_MS,
  idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
  keepAlive: true,
  // The driver's type of this option is wider than what it calls.
  types: portableTypes as NonNullable<ClientConfig['types']>,
})

/** A single connection, e.g. to listen or to migrate. */
export const connectPostgres = async (
  url: string,
  overrides: ClientConfig = {},
): Promise<Client> => {
  const client = new Client({ ...connectionConfig(url), ...overrides })
  try {
    await client.connect()
  } catch (error) {
    throw readable(error)
  }
  return client
}

// Connection exceptions, shut down or starting up, no connection left.
const CONNECTION_CODE = /^(08...|57P0[1-5]|53300)$/

const isConnectionTrouble = (error: unknown): boolean =>
  error instanceof DatabaseError
    ? CONNECTION_CODE.test(error.code ?? '')
    : // What the driver throws beside the server's answers and our parsers is the network's doing.
      error instanceof Error && !(error instanceof RangeError) && !(error instanceof AppError)

/** The error as callers see it: a 503 the SDKs retry when the connection is at fault, else the driver's own. */
export const readable = (error: unknown): unknown => {
  if (!isConnectionTrouble(error)) return error
  const lost = new AppError({
    status: 503,
    type: 'server_error',
    message: 'The database cannot be reached, or has no free connection. Please retry.',
    headers: { 'retry-after': '1' },
    cause: error,
  })
  return lost
}
