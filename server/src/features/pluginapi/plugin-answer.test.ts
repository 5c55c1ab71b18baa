import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { skipUnless } from '../../../tests/support/components.ts'
import { encodePluginAnswer, LONGEST_ANSWER } from './plugin-answer.ts'

const callId = 'pcall_0123456789abcdefghijklmn'
const encode = (text: string, ok = true) => encodePluginAnswer({ text, ok, callId })
const decode = (body: string) => JSON.parse(body) as { text: string; ok: boolean; call_id: string }

describe('encodePluginAnswer', () => {
  it('is one line with text first', () => {
    assert.equal(encode('6'), `{"text": "6", "ok": true, "call_id": "${callId}"}`)
    assert.equal(encode('', false), `{"text": "", "ok": false, "call_id": "${callId}"}`)
  })

  it('writes quotes, backslashes and controls only as \\u escapes', () => {
    const text = 'a"b\\c\nd\te\u0000f\u007f\u2028單價🙂'
    const body = encode(text)
    assert.equal(
      body.slice(0, body.indexOf('", "ok"')),
      '{"text": "a\\u0022b\\u005cc\\u000ad\\u0009e\\u0000f\\u007f\\u2028單價🙂',
    )
    assert.equal(decode(body).text, text)
  })

  it('keeps what fits whole, in UTF-8', () => {
    const room = LONGEST_ANSWER - encode('').length
    const ascii = encode('x'.repeat(room))
    assert.equal(ascii.length, LONGEST_ANSWER)
    assert.equal(decode(ascii).text, 'x'.repeat(room))
    const chinese = encode('單'.repeat(Math.floor(room / 3)))
    assert.ok(chinese.includes('單'))
    assert.equal(decode(chinese).text.length, Math.floor(room / 3))
  })

  it('cuts what is longer on a safe boundary and says so', () => {
    for (const unit of ['x', '"', '\\', '\n', '單', '🙂', 'a🙂', 'ab單', '\ud800']) {
      for (let shift = 0; shift < 13; shift += 1) {
        const text = 'y'.repeat(shift) + unit.repeat(20_000)
        const body = encode(text)
        assert.match(body, /^[ -~]+$/)
        assert.ok(body.length <= LONGEST_ANSWER && body.length > LONGEST_ANSWER - 13)
        const shown = decode(body).text
        const end = shown.lastIndexOf('\n[The output was longer and has been cut here.]')
        assert.equal(end, shown.length - 47)
        assert.ok(text.toWellFormed().startsWith(shown.slice(0, end)))
      }
    }
  })

  it('writes ASCII when the bytes pass the limit though the characters do not', () => {
    const body = encode('單'.repeat(3_000))
    assert.match(body, /^[ -~]+$/)
    assert.ok(decode(body).text.startsWith('單'.repeat(1_000)))
  })

  it('replaces a lone surrogate', () => {
    assert.equal(decode(encode('a\ud800b')).text, 'a\uFFFDb')
  })
})

/** What the guide's shell client does with the answer before it submits it. */
const CLIENT = `
OUTPUT=\`cat\`
OUTPUT="\${OUTPUT:0:8000}"
OUTPUT=\${OUTPUT//\\"/\\\\\\"}
CALL_ID="call_1"
TOOL_OUTPUTS='[]'
TOOL_OUTPUT=$(< <(cat <<EOF
{
  "tool_call_id": "$CALL_ID",
  "output": "$OUTPUT"
}
EOF
))
TOOL_OUTPUTS=$(jq --argjson obj "$TOOL_OUTPUT" '. += [$obj]' <<< "$TOOL_OUTPUTS")
cat <<EOF
{
  "tool_outputs": $TOOL_OUTPUTS
}
EOF
`

describe("the guide's shell client", skipUnless('jq'), () => {
  const submitted = async (body: string, locale: string): Promise<string> => {
    const client = promisify(execFile)('bash', ['-c', CLIENT], {
      env: { PATH: process.env['PATH'], LC_ALL: locale },
    })
    client.child.stdin?.end(body)
    const request = JSON.parse((await client).stdout) as {
      tool_outputs: { tool_call_id: string; output: string }[]
    }
    assert.equal(request.tool_outputs.length, 1)
    return request.tool_outputs[0]?.output ?? ''
  }

  const samples = {
    'plain text': '每公斤 60 元',
    'quotes, backslashes and newlines':
      'say "hi" \\ C:\\temp\\new\n\ttab \\" \\\\" $HOME `date` \'x\'',
    '20,000 Chinese characters': '達哥'.repeat(10_000),
    '20,000 quotes': '"'.repeat(20_000),
    '20,000 backslashes': '\\'.repeat(20_000),
    '20,000 line breaks': '\n'.repeat(20_000),
    'pictures and quotes': '🙂"'.repeat(5_000),
    'JSON in JSON': JSON.stringify({ a: JSON.stringify({ b: '"\\"' }) }),
  }
  for (const locale of ['C', 'C.UTF-8']) {
    for (const [name, text] of Object.entries(samples)) {
      it(`hands on ${name} in the locale ${locale}`, async () => {
        const output = await submitted(encode(text), locale)
        const seen = text.length > LONGEST_ANSWER ? text.slice(0, 800) : text
        assert.ok(output.startsWith(`{"text": "${seen}`))
        assert.ok(output.endsWith(`", "ok": true, "call_id": "${callId}"}`))
      })
    }
  }
})

describe('pictures of a plugin answer', () => {
  const pictures = '![plot](https://melzi.example.org/pictures/abc.png)'
  const textOf = (body: string) => (JSON.parse(body) as { text: string }).text

  it('stay when the text before them is cut', () => {
    for (const output of ['長', '"\\\n', 'a', '😀']) {
      const text = `${output.repeat(9_000)}\n${pictures}`
      const body = encodePluginAnswer({ text, pictures, ok: true, callId: 'pcall_1' })
      assert.ok(Buffer.byteLength(body) <= LONGEST_ANSWER)
      assert.ok(textOf(body).endsWith(`cut here.]\n${pictures}`))
    }
  })

  it('change nothing where all fits', () => {
    const text = `drawn\n${pictures}`
    const body = encodePluginAnswer({ text, pictures, ok: true, callId: 'pcall_1' })
    assert.equal(textOf(body), text)
  })

  it('are cut themselves when they alone are too much', () => {
    const many = `${pictures}\n`.repeat(200).trimEnd()
    const body = encodePluginAnswer({ text: many, pictures: many, ok: true, callId: 'pcall_1' })
    assert.ok(Buffer.byteLength(body) <= LONGEST_ANSWER)
    assert.match(textOf(body), /cut here/)
  })
})
