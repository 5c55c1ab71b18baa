const NAME = /^[a-z][a-z0-9_]{0,39}$/
const PAYLOAD_BYTES = 1_000

/** @throws Error unless the name is one that both engines can listen to without quoting */
export const checkChannel = (channel: string): void => {
  if (!NAME.test(channel))
    throw new Error(`"${channel}" is not a channel name: a-z, 0-9 and _, at most 40`)
}

/** @throws Error when the payload is too large or holds a NUL: it is a hint to look, not a message */
export const checkPayload = (payload: string): void => {
  if (Buffer.byteLength(payload) > PAYLOAD_BYTES)
    throw new Error(`a notification carries at most ${PAYLOAD_BYTES} bytes`)
  if (payload.includes('\0')) throw new Error('a notification carries no NUL character')
}
