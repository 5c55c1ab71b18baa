/** Why an attempt stops writing. */
import { AppError } from '../../platform/errors.ts'

/** This node no longer holds the run: another took it, or its thread was deleted. Nothing more may be written or said. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
}

/** The client has cancelled; the signal may not have come yet, or went to another node. */
export class CancelRequested extends Error {
  override readonly name = 'CancelRequested'
}

/** Whether the store may take the same write a moment later: it was busy, or its connection broke. */
export const isOutage = (error: unknown): boolean =>
  error instanceof AppError && error.status === 503
