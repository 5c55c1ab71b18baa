import { join, resolve } from 'node:path'
import { z } from 'zod'
import type { BlobsConfig } from '../platform/blobs/open-blobs.ts'
import type { LogLevel } from '../platform/log.ts'
import type { Env } from './env.ts'
import { readIdentity, type IdentityConfig } from './identity-config.ts'
import { readSandbox, type SandboxConfig } from './sandbox-config.ts'
import { address, ConfigError, flag, integer, reader } from './settings.ts'

export interface Config {
  readonly http: {
    readonly host: string
    readonly port: number
    /** Where clients reach this server, without a slash at the end; null: the bound address. */
    readonly publicUrl: string | null
    /** Whether `x-forwarded-*` of a proxy in front is believed. */
    readonly trustProxy: boolean | string
    readonly bodyLimitBytes: number
  }
  readonly data: { readonly dir: string }
  /** Where the bytes of files and pictures are: below the data folder, or in a bucket. */
  readonly blobs: BlobsConfig
  readonly store:
    | { readonly kind: 'sqlite'; readonly file: string }
    | { readonly kind: 'postgres'; readonly url: string; readonly poolSize: number }
  readonly log: { readonly level: LogLevel }
  readonly runs: {
    /** Life of a run from its creation, seconds (behaviour.md 8). */
    readonly expiresSeconds: number
    /** A node that has not renewed for this long has lost its runs. */
    readonly leaseMs: number
    /** Runs one node works on at a time. */
    readonly concurrency: number
    /** How often the store is asked for due runs; wake-ups only make it quicker. */
    readonly pollMs: number
    /** Model turns of one run before it fails. */
    readonly maxTurns: number
    /** Plugin calls that one run may make on this server. */
    readonly maxPluginCalls: number
    /** What the plugins of one run may take together on this server, ms. */
    readonly maxPluginMs: number
    /** How long a run waits for the files of its thread to be indexed (behaviour.md 8). */
    readonly indexingWaitMs: number
  }
  readonly sandbox: SandboxConfig
  readonly interpreter: {
    readonly enabled: boolean
    /** The Python of code interpreter sessions; null: the first python3 on the PATH. */
    readonly python: string | null
    /** Whether bubblewrap is used: from a safe version on; whichever there is, for the operator says it was patched; never. */
    readonly bubblewrap: 'auto' | 'trusted' | 'off'
    /** Where programs are looked for. */
    readonly path: string
    readonly wallMs: number
    readonly memoryMiB: number
    readonly diskMiB: number
    /** Live sessions of this node. */
    readonly maxSessions: number
    readonly idleMs: number
  }
  readonly mcp: {
    /** Programs that MCP plugins may start, as JSON or the path of a JSON file; null: none. See mcp-commands.ts. */
    readonly commands: string | null
    /** PATH of those programs. */
    readonly path: string
  }
  readonly knowledge: {
    /** The provider of embeddings for search; null: full text alone. */
    readonly embeddings: {
      readonly baseUrl: string
      readonly apiKey: string | null
      readonly model: string
    } | null
    /** Files read and indexed at the same time. */
    readonly workers: number
  }
  /** How people sign in, and how mails reach them. */
  readonly identity: IdentityConfig
  readonly quickstart: boolean
  /** The key all others are derived from; null: the file secret.key of the data folder. */
  readonly secretKey: string | null
}

const readStore = (env: Env, dataDir: string): Config['store'] => {
  const { optional, withDefault } = reader(env)
  const url = optional('DATABASE_URL', {
    meaning: 'the PostgreSQL to use instead of SQLite, as postgres://user@host:5432/name',
    schema: z.string().regex(/^postgres(ql)?:\/\//, 'must begin with postgres://'),
  })
  if (url === undefined) return { kind: 'sqlite', file: join(dataDir, 'melzi.db') }
  const poolSize = withDefault('MELZI_DATABASE_POOL', 10, {
    meaning: 'the number of connections to PostgreSQL',
    schema: integer(2, 500),
  })
  return { kind: 'postgres', url, poolSize }
}

const readBlobs = (env: Env, dataDir: string): BlobsConfig => {
  const { optional, withDefault } = reader(env)
  const text = (name: string, meaning: string) =>
    optional(name, { meaning, schema: z.string() }) ?? null
  const bucket = text('MELZI_S3_BUCKET', 'the S3 bucket that files and pictures are kept in')
  if (bucket === null) return { kind: 'disk', dir: join(dataDir, 'blobs') }
  const accessKeyId = text('MELZI_S3_ACCESS_KEY_ID', 'the name of the key to the bucket')
  const secretAccessKey = text('MELZI_S3_SECRET_ACCESS_KEY', 'the secret of the key to the bucket')
  if ((accessKeyId === null) !== (secretAccessKey === null)) {
    throw new ConfigError(
      'MELZI_S3_ACCESS_KEY_ID and MELZI_S3_SECRET_ACCESS_KEY go together. They are the key to the bucket; without them the role of the machine is used.',
    )
  }
  const prefix = withDefault('MELZI_S3_PREFIX', '', {
    meaning: 'what the names of all objects in the bucket begin with',
    schema: z.string().transform((given) => given.replace(/^\/+|\/+$/g, '')),
  })
  return {
    kind: 's3',
    bucket,
    endpoint:
      optional('MELZI_S3_ENDPOINT', {
        meaning: 'the address of an S3-compatible server, such as https://s3.example.org',
        schema: address,
      }) ?? null,
    region: withDefault('MELZI_S3_REGION', 'us-east-1', {
      meaning: 'the region of the bucket',
      schema: z.string(),
    }),
    credentials:
      accessKeyId === null || secretAccessKey === null ? null : { accessKeyId, secretAccessKey },
    prefix: prefix === '' ? '' : `${prefix}/`,
  }
}

const readRuns = (env: Env): Config['runs'] => {
  const { withDefault } = reader(env)
  return {
    expiresSeconds: withDefault('MELZI_RUN_EXPIRES_SECONDS', 600, {
      meaning: 'how long a run may take from its creation, in seconds',
      schema: integer(1, 86_400),
    }),
    leaseMs: withDefault('MELZI_LEASE_MS', 10_000, {
      meaning: 'after how many milliseconds without a heartbeat another node takes a run over',
      schema: integer(500, 600_000),
    }),
    concurrency: withDefault('MELZI_RUN_CONCURRENCY', 1_000, {
      meaning: 'how many runs this node works on at a time',
      schema: integer(1, 100_000),
    }),
    pollMs: withDefault('MELZI_POLL_MS', 1_000, {
      meaning: 'how often this node asks the store for waiting runs, in milliseconds',
      schema: integer(20, 60_000),
    }),
    indexingWaitMs: withDefault('MELZI_INDEXING_WAIT_MS', 60_000, {
      meaning: 'how long a run waits for the files of its thread to be indexed, in milliseconds',
      schema: integer(0, 600_000),
    }),
    maxTurns: withDefault('MELZI_RUN_MAX_TURNS', 50, {
      meaning: 'how many times one run may ask its model before it fails',
      schema: integer(1, 1_000),
    }),
    maxPluginCalls: withDefault('MELZI_RUN_PLUGIN_CALLS', 100, {
      meaning: 'how many plugin calls one run may make where the server runs plugins',
      schema: integer(0, 100_000),
    }),
    maxPluginMs:
      withDefault('MELZI_RUN_PLUGIN_SECONDS', 300, {
        meaning: 'how long the plugins of one run may take together, in seconds',
        schema: integer(1, 86_400),
      }) * 1000,
  }
}

const readInterpreter = (env: Env): Config['interpreter'] => {
  const { optional, withDefault } = reader(env)
  return {
    enabled: withDefault('MELZI_INTERPRETER', true, {
      meaning: 'whether the tool code_interpreter may run code here (on or off)',
      schema: flag,
    }),
    python:
      optional('MELZI_INTERPRETER_PYTHON', {
        meaning:
          'the CPython (3.11 or newer) that runs it; without it the first python3 on the PATH',
        schema: z.string().startsWith('/', 'must be an absolute path'),
      }) ?? null,
    bubblewrap: withDefault<'auto' | 'trusted' | 'off'>('MELZI_BWRAP', 'auto', {
      meaning:
        'whether bubblewrap walls in the code interpreter and plugins: auto (from version 0.12.0 on), trusted (an older one too, for its distribution patched it) or off',
      schema: z.enum(['auto', 'trusted', 'off']),
    }),
    path: env['PATH'] ?? '',
    wallMs:
      withDefault('MELZI_INTERPRETER_SECONDS', 60, {
        meaning: 'how long one call of it may run, in seconds',
        schema: integer(1, 3_600),
      }) * 1000,
    memoryMiB: withDefault('MELZI_INTERPRETER_MEMORY_MB', 1_024, {
      meaning: 'the memory of one session of it, in MiB',
      schema: integer(128, 1_048_576),
    }),
    diskMiB: withDefault('MELZI_INTERPRETER_DISK_MB', 256, {
      meaning: 'the room of one session of it in /mnt/data, in MiB',
      schema: integer(1, 1_048_576),
    }),
    maxSessions: withDefault('MELZI_INTERPRETER_SESSIONS', 16, {
      meaning: 'how many sessions of it this node keeps at the same time',
      schema: integer(3, 10_000),
    }),
    idleMs:
      withDefault('MELZI_INTERPRETER_IDLE_MINUTES', 20, {
        meaning: 'after how many minutes without a call a session ends',
        schema: integer(1, 1_440),
      }) * 60_000,
  }
}

const readKnowledge = (env: Env): Config['knowledge'] => {
  const { optional, withDefault } = reader(env)
  const model = optional('MELZI_EMBEDDINGS_MODEL', {
    meaning:
      "the embedding model's name at its server; without it vector stores are searched by full text alone",
    schema: z.string(),
  })
  const baseUrl = optional('MELZI_EMBEDDINGS_BASE_URL', {
    meaning: 'the address of the embeddings server, such as http://127.0.0.1:11434/v1',
    schema: address,
  })
  const apiKey = optional('MELZI_EMBEDDINGS_API_KEY', {
    meaning: 'the key for the server that MELZI_EMBEDDINGS_BASE_URL names',
    schema: z.string(),
  })
  if ((model === undefined) !== (baseUrl === undefined)) {
    throw new ConfigError(
      'MELZI_EMBEDDINGS_MODEL and MELZI_EMBEDDINGS_BASE_URL go together: set both, or neither for full-text search alone.',
    )
  }
  return {
    embeddings:
      model === undefined || baseUrl === undefined
        ? null
        : { model, baseUrl, apiKey: apiKey ?? null },
    workers: withDefault('MELZI_INDEX_WORKERS', 2, {
      meaning: 'how many files this node reads and indexes at the same time',
      schema: integer(1, 64),
    }),
  }
}

/**
 * Reads the whole configuration, without touching the disk or the network.
 * @throws {ConfigError} naming the variable and what it means
 */
export const readConfig = (env: Env): Config => {
  const { optional, withDefault } = reader(env)
  const dataDir = resolve(env['MELZI_DATA']?.trim() || 'data')
  const config: Config = {
    http: {
      host: withDefault('HOST', '127.0.0.1', {
        meaning: 'the address to listen on, 0.0.0.0 for all',
        schema: z.string().min(1),
      }),
      port: withDefault('PORT', 3000, {
        meaning: 'the TCP port to listen on, 0 for any free one',
        schema: integer(0, 65_535),
      }),
      publicUrl:
        optional('MELZI_PUBLIC_URL', {
          meaning:
            'the address under which clients reach this server, such as https://melzi.example.org',
          schema: address,
        }) ?? null,
      trustProxy: readTrustProxy(env),
      bodyLimitBytes:
        withDefault('MELZI_BODY_LIMIT_MB', 32, {
          meaning: 'the largest request body that is taken, in MiB',
          schema: integer(1, 1_024),
        }) *
        1024 *
        1024,
    },
    data: { dir: dataDir },
    blobs: readBlobs(env, dataDir),
    store: readStore(env, dataDir),
    log: {
      level: withDefault<LogLevel>('MELZI_LOG_LEVEL', 'info', {
        meaning: 'how much is logged: fatal, error, warn, info, debug or silent',
        schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']),
      }),
    },
    runs: readRuns(env),
    sandbox: readSandbox(env, dataDir),
    interpreter: readInterpreter(env),
    mcp: { commands: env['MELZI_MCP_COMMANDS']?.trim() || null, path: env['PATH'] ?? '' },
    knowledge: readKnowledge(env),
    identity: readIdentity(env),
    quickstart: withDefault('MELZI_QUICKSTART', true, {
      meaning: 'whether an empty data folder gets a sample assistant and a key (on or off)',
      schema: flag,
    }),
    secretKey:
      optional('MELZI_SECRET_KEY', {
        meaning:
          'the key that secrets in the store are sealed with, at least 32 characters, the same on every server of one store; without it the file secret.key in the data folder',
        schema: z.string().min(32, 'must have at least 32 characters'),
      }) ?? null,
  }
  return deepFreeze(config)
}

const readTrustProxy = (env: Env): boolean | string => {
  const text = env['MELZI_TRUST_PROXY']?.trim()
  if (text === undefined || text === '') return false
  const asFlag = flag.safeParse(text)
  if (asFlag.success) return asFlag.data
  if (/^[0-9a-fA-F.:/, ]+$/.test(text)) return text
  throw new ConfigError(
    'MELZI_TRUST_PROXY: must be on, off, or addresses such as 10.0.0.0/8. It is which proxies in front of this server are believed about the caller.',
  )
}

const deepFreeze = <T extends object>(value: T): T => {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner as object)
  }
  return Object.freeze(value)
}
