import { pino, type Logger } from 'pino'

export type { Logger } from 'pino'
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent'

/**
 * Structured log on stdout. Keys, secrets and message text never reach it at `info`: callers log ids and numbers, and what looks
 * like a credential is cut out here in case one slips in.
 */
export const createLog = (level: LogLevel): Logger =>
  pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: [
        'authorization',
        '*.authorization',
        'apiKey',
        '*.apiKey',
        'api_key',
        '*.api_key',
        'headers["api-key"]',
        'headers.cookie',
      ],
      censor: '[cut]',
    },
  })
