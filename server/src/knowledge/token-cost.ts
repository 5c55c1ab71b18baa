/**
 * Tokens by rule of thumb, for cutting texts: a CJK character, or one beyond the first plane, counts one, everything else a quarter. Good to
 * some 20 %, without a vocabulary file per model.
 */

/** What the UTF-16 unit costs, in tokens; the two halves of a pair share one. */
export const unitCost = (unit: number): number => {
  if (unit < 0x1100) return 0.25
  if (unit >= 0xd800 && unit <= 0xdfff) return 0.5
  const wide =
    unit <= 0x11ff ||
    (unit >= 0x2e80 && unit <= 0x9fff) ||
    (unit >= 0xac00 && unit <= 0xd7af) ||
    (unit >= 0xf900 && unit <= 0xfaff) ||
    (unit >= 0xfe30 && unit <= 0xfe4f) ||
    (unit >= 0xff00 && unit <= 0xffef)
  return wide ? 1 : 0.25
}

/** Tokens of a text, rounded up. */
export const countTokens = (text: string): number => {
  let cost = 0
  for (let i = 0; i < text.length; i += 1) cost += unitCost(text.charCodeAt(i))
  return Math.ceil(cost)
}
