/** What a session says on its private descriptor. After `ready` all of it may have been written by an attacker. */
import { z } from 'zod'

const text = (characters: number) => z.string().max(characters)

/** A name for a file and no path, in the folder it came from. */
const fileName = z.string().regex(/^(?!\.{1,2}$)[^/\\\p{Cc}\p{Cf}\p{Cs}]{1,255}$/u)

const message = z.discriminatedUnion('t', [
  z.strictObject({ t: z.literal('ready'), landlock: z.int().min(0).max(1000) }),
  z.strictObject({ t: z.literal('stored'), id: text(200), problem: text(1000).nullable() }),
  z.strictObject({
    t: z.literal('body'),
    kind: z.enum(['image', 'file']),
    name: fileName,
    bytes: z.int().min(0),
  }),
  z.strictObject({
    t: z.literal('done'),
    /** Of the call that it answers. */
    mark: text(100),
    ok: z.boolean(),
    value: text(40_000).nullable(),
    traceback: text(40_000).nullable(),
    leftOut: z.array(text(255)).max(20),
    leftOutCount: z.int().min(0),
  }),
])

export type SessionMessage = z.infer<typeof message>
export type DoneMessage = Extract<SessionMessage, { t: 'done' }>

/** No message is longer, in bytes. */
export const MAX_LINE_BYTES = 512 * 1024

/** @returns null for anything that is not a message */
export const parseSessionMessage = (line: Buffer): SessionMessage | null => {
  try {
    return message.safeParse(JSON.parse(line.toString('utf8'))).data ?? null
  } catch {
    return null
  }
}
