/**
 * `attachment` with a file name of any alphabet: a plain form for old readers, and the exact one of RFC 5987 where they differ.
 * @param filename may hold anything, also quotes and line ends
 */
export const attachment = (filename: string): string => {
  const plain = filename.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_')
  if (plain === filename) return `attachment; filename="${plain}"`
  const exact = encodeURIComponent(filename.toWellFormed()).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`
}
