/**
 * Half of a surrogate pair is no text: strict servers would refuse the thread for good. For JSON.stringify and JSON.parse, which give
 * it every value.
 */
export const wellFormed = (_key: string, value: unknown): unknown =>
  typeof value === 'string' ? value.toWellFormed() : value
