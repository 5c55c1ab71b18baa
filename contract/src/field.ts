/** Small schemas that several wire objects share. */
import * as z from 'zod/mini'

/** Unix seconds, never a float (behaviour.md 3). */
export const unixSeconds = z.int().check(z.minimum(0))

export const tokenCount = z.int().check(z.minimum(0))

/** An optional request field that also takes `null`; after parsing it is always there, null when nothing was sent. */
export const orNull = <T extends z.core.$ZodType>(schema: T) =>
  z.pipe(
    z.nullish(schema),
    z.transform(
      (given: z.core.output<T> | null | undefined): z.core.output<T> | null => given ?? null,
    ),
  )

/**
 * An optional request field whose default is not null, where sending `null` asks for the default too.
 * @param value makes a fresh default, so that no two requests share one object
 */
export const orDefault = <T extends z.core.$ZodType>(schema: T, value: () => z.core.output<T>) =>
  z.pipe(
    z.nullish(schema),
    z.transform((given: z.core.output<T> | null | undefined): z.core.output<T> => given ?? value()),
  )

const DATA_URL = /data:[a-z0-9.+-]+\/[a-z0-9.+-]+(?:;[a-z0-9=.+-]+)*;base64,[A-Za-z0-9+/=_-]*/gi

/** Length in characters (code points) with `data:` URLs left out, the way message text is measured (behaviour.md 6). */
export const lengthWithoutDataUrls = (text: string): number => {
  const plain = text.includes('data:') ? text.replace(DATA_URL, '') : text
  let length = 0
  for (let i = 0; i < plain.length; i += 1) {
    const unit = plain.charCodeAt(i)
    if (unit < 0xdc00 || unit > 0xdfff) length += 1
  }
  return length
}

const IMAGE_DATA_URL = /^data:image\/[a-z0-9.+-]+(?:;[a-z0-9=.+-]+)*;base64,/i
const WEB_URL = /^https?:\/\/\S+$/i

/** http, https or a base64 `data:image/…` URL (behaviour.md 0 row 5). Only the head of a data URL is looked at: it may be megabytes long. */
const isImageUrl = (text: string): boolean =>
  IMAGE_DATA_URL.test(text.slice(0, 256)) || (WEB_URL.test(text) && URL.canParse(text))

export const ImageUrl = z.string().check(
  z.superRefine((url, context) => {
    if (isImageUrl(url)) return
    context.addIssue({ code: 'invalid_format', format: 'url', input: url })
  }),
)
