const MILLION = 1_000_000

/** Money as it is kept: millionths of the currency. */
export const toMicros = (money: number): number => Math.round(money * MILLION)

/** Money as the wire shows it. */
export const fromMicros = (micros: number): number => micros / MILLION
