import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { outsideTextOf, ownersError, type PluginCallError } from './call-text.ts'

const python = (message: string, traceback: string | null = null): PluginCallError => ({
  kind: 'python',
  message,
  traceback,
})

const outside = (error: PluginCallError): string => outsideTextOf({ text: 'the whole text', error })

describe('what a failed call tells those who may only use it', () => {
  it('is what the plugin says itself by raising it', () => {
    const texts = [
      'ValueError: there is no order 12',
      'RuntimeError: closed\non Sundays',
      'OrderError: sold out',
      'SystemExit: not today',
      'OrderError',
    ]
    for (const text of texts) assert.equal(outside(python(text, 'File "plugin.py"')), text)
    const whole = `Traceback (most recent call last):\n  File "plugin.py", line 2\n    canary\n${texts[0]}`
    assert.equal(outside(python(whole)), texts[0])
  })

  it('is only the class where Python or a library speaks, whose text quotes the program', () => {
    const texts: [string, string][] = [
      ["NameError: name 'canary' is not defined", 'NameError'],
      ["KeyError: 'canary'", 'KeyError'],
      ["SyntaxError: invalid syntax. Perhaps 'canary'", 'SyntaxError'],
      ["FileNotFoundError: [Errno 2] No such file: 'canary'", 'FileNotFoundError'],
      ['requests.exceptions.ConnectionError: canary:443', 'requests.exceptions.ConnectionError'],
      ['json.decoder.JSONDecodeError: canary', 'json.decoder.JSONDecodeError'],
    ]
    for (const [text, name] of texts) {
      assert.equal(outside(python(text)), `The plugin failed: ${name}.`)
    }
    assert.equal(outside(python('what canary is this')), 'The plugin failed.')
  })

  it('names no server of any other kind of failure, and what is wrong with arguments', () => {
    const kinds = [
      ...(['timeout', 'memory', 'output', 'crash', 'egress', 'unavailable'] as const),
      ...(['upstream', 'busy', 'gone'] as const),
    ]
    for (const kind of kinds) {
      const text = outside({ kind, message: 'canary.example did not answer', traceback: null })
      assert.ok(text !== '' && !text.includes('canary'), text)
    }
    const message = "The arguments do not fit: 'city' is missing."
    assert.equal(outside({ kind: 'arguments', message, traceback: null }), message)
  })

  it('is the whole answer where the call went well', () => {
    assert.equal(outsideTextOf({ text: 'six', error: null }), 'six')
  })
})

describe("what a plugin's owner reads of why another's call failed", () => {
  it('is the class and the way there, not the text, which may quote what was said', () => {
    const frames =
      'Traceback (most recent call last):\n  File "plugin.py", line 2, in <module>\n    look(ARGUMENTS)'
    const error = python('ValueError: I am\nill', `${frames}\nValueError: I am\nill`)
    assert.deepEqual(ownersError(error), {
      kind: 'python',
      message: 'ValueError',
      traceback: `${frames}\nValueError`,
    })
    assert.equal(ownersError(python('I am ill')).message, 'Exception')
  })

  it('is one sentence for all other kinds', () => {
    for (const kind of ['arguments', 'upstream', 'timeout'] as const) {
      const { message } = ownersError({ kind, message: 'I am ill', traceback: null })
      assert.ok(message !== '' && !message.includes('ill'), message)
    }
  })
})
