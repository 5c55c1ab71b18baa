/** Text as old sites of Taiwan send it. */

const makeTable = (): Map<string, readonly [number, number]> => {
  const decoder = new TextDecoder('big5')
  const table = new Map<string, readonly [number, number]>()
  for (let lead = 0xa1; lead <= 0xf9; lead += 1)
    for (let trail = 0x40; trail <= 0xfe; trail += 1) {
      const char = decoder.decode(Uint8Array.of(lead, trail))
      if (char.length === 1 && !table.has(char)) table.set(char, [lead, trail])
    }
  return table
}

/** The text in Big5. @throws Error naming a character that Big5 does not have */
export const toBig5 = (text: string): Buffer => {
  const table = makeTable()
  return Buffer.from(
    [...text].flatMap((char) => {
      const bytes = char < '\u0080' ? [char.charCodeAt(0)] : table.get(char)
      if (bytes === undefined) throw new Error(`Big5 has no ${char}`)
      return [...bytes]
    }),
  )
}
