import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hashKey, isKeyText, newKeyText, shownOf } from './key-text.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Fixed, so that these figures are the same each time. */
const KEY = `mlz_${'q7XvG2nLw9_KpRt4ZbEyH-6sMc1JdUf3oAi8WkTzQgN'}`

const shared = (one: string, other: string): number => {
  let length = 0
  while (length < one.length && one[length] === other[length]) length += 1
  return length
}

/** Everything that differs from the key in the one character at this place: the guesses of one who knows all the others. */
const guessesAt = (place: number): string[] =>
  ALPHABET.split('')
    .filter((letter) => letter !== KEY[place])
    .map((letter) => KEY.slice(0, place) + letter + KEY.slice(place + 1))

describe('the text of a key', () => {
  it('has a short and a long form, and is known by nothing else', () => {
    for (const [long, length] of [
      [false, 47],
      [true, 204],
    ] as const) {
      const text = newKeyText(long)
      assert.equal(text.length, length)
      assert.ok(isKeyText(text))
      assert.deepEqual(shownOf(text), { prefix: text.slice(0, 8), lastFour: text.slice(-4) })
      for (const wrong of [text.slice(1), `${text}a`, text.replace('mlz_', 'sk-x'), `${text}\n`])
        assert.ok(!isKeyText(wrong))
    }
  })

  // What time a look-up takes can tell at most how far the hash of a guess agrees with a stored one. It must not tell how far the guess
  // itself agrees with a key: then a key could be found out character by character.
  it('shows nothing of itself in the hash that is looked up', () => {
    const hash = hashKey(KEY)
    const agreement = (guesses: readonly string[]): number => {
      const lengths = guesses.map((guess) => shared(hashKey(guess), hash))
      return lengths.reduce((sum, length) => sum + length, 0) / lengths.length
    }
    const places = Array.from({ length: KEY.length - 4 }, (_, at) => at + 4)
    const means = places.map((place) => agreement(guessesAt(place)))
    // by chance two hexadecimal texts agree in 1/15 of a digit
    const mean = means.reduce((sum, one) => sum + one, 0) / means.length
    assert.ok(Math.abs(mean - 1 / 15) < 0.02, `${mean}`)
    // and no place stands out, neither the first nor the last
    assert.ok(Math.max(...means) < 0.3, `${Math.max(...means)}`)
    const strangers = Array.from({ length: 2000 }, (_, at) => `mlz_${String(at).padStart(43, 'x')}`)
    assert.ok(Math.abs(agreement(strangers) - mean) < 0.03)
  })
})
