import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../platform/clock.ts'
import { seconds } from '../../platform/clock.ts'
import type { Sealer } from '../../platform/sealing.ts'
import type { FileOwner } from '../files/service.ts'

/** What the address of a picture says. */
export interface PictureLink {
  workspaceId: string
  fileId: string
  /** Unix seconds from which on it shows nothing. */
  expiresAt: number
  signature: string
}

export interface PictureLinks {
  /** The address of a person's picture, good for one to one and a half days. The caller has checked that the file is his. */
  linkTo: (owner: FileOwner, fileId: string) => string
  /**
   * A text with its links to this person's pictures signed anew, those too whose time is over. A link that is not signed, or that
   * shows another person's picture, stays as it is.
   * @param keepsLength true where offsets point into the text: then a link's server stays as it was written
   */
  renew: (text: string, owner: FileOwner, keepsLength?: boolean) => string
  /** The last piece of an address; null when it has not the form of one. Says nothing about the signature. */
  parse: (name: string) => PictureLink | null
  /** Whether this server signed the link for a file of this owner. */
  isSigned: (link: PictureLink, owner: FileOwner) => boolean
}

/** Links that are made within the same half day are the same, so that a conversation given to a model again is the same text. */
const PERIOD_SECONDS = 12 * 3600
const PERIODS = 3
const ID_LENGTH = 24
const TIME_LENGTH = 7
const SIGNATURE_BYTES = 16
const NAME = String.raw`([0-9A-Za-z]{24})([0-9A-Za-z]{24})([0-9a-z]{7})([\w-]{22})\.png`
const WHOLE_NAME = new RegExp(`^${NAME}$`)
const PATH = '/pictures/'
const LINK_END = new RegExp(`${PATH}(${NAME})`, 'g')
/** Characters of a server's address that are looked at before the path, and links of one text that are signed anew. */
const LONGEST_ORIGIN = 500
const MOST_LINKS = 1_000

/**
 * Signed addresses of pictures (design 6b): whoever has one may see the picture until its time is over, and nothing else. It is bound to
 * workspace, owner, file and time.
 * @param origin where clients reach this server, without a slash at the end
 */
export const createPictureLinks = (deps: {
  clock: Clock
  sealer: Pick<Sealer, 'derive'>
  origin: () => string
}): PictureLinks => {
  const { clock, origin } = deps
  const key = deps.sealer.derive('picture-link')

  const sign = (
    { workspaceId, fileId, expiresAt }: Omit<PictureLink, 'signature'>,
    owner: string,
  ) =>
    createHmac('sha256', key)
      .update(`${workspaceId}/${owner}/${fileId}/${expiresAt}`)
      .digest()
      .subarray(0, SIGNATURE_BYTES)

  const nameOf = ({ workspaceId, personId }: FileOwner, fileId: string): string => {
    const period = Math.floor(seconds(clock.now()) / PERIOD_SECONDS)
    const link = { workspaceId, fileId, expiresAt: (period + PERIODS) * PERIOD_SECONDS }
    const ids = [workspaceId, fileId].map((id) => id.slice(-ID_LENGTH)).join('')
    const time = link.expiresAt.toString(36).padStart(TIME_LENGTH, '0')
    return `${ids}${time}${sign(link, personId).toString('base64url')}.png`
  }

  const isSigned = (link: PictureLink, { workspaceId, personId }: FileOwner): boolean =>
    link.workspaceId === workspaceId &&
    timingSafeEqual(Buffer.from(link.signature, 'base64url'), sign(link, personId))

  return {
    parse,
    isSigned,
    linkTo: (owner, fileId) => `${origin()}${PATH}${nameOf(owner, fileId)}`,
    renew: (text, owner, keepsLength = false) => {
      if (!text.includes(PATH)) return text
      const pieces: string[] = []
      let done = 0
      let count = 0
      for (const match of text.matchAll(LINK_END)) {
        count += 1
        if (count > MOST_LINKS) break
        const [end, name = ''] = match
        const start = startOfLink(text, done, match.index)
        const link = parse(name)
        if (start === null || link === null || !isSigned(link, owner)) continue
        const base = keepsLength ? text.slice(start, match.index) : origin()
        pieces.push(text.slice(done, start), base, PATH, nameOf(owner, link.fileId))
        done = match.index + end.length
      }
      return pieces.join('') + text.slice(done)
    },
  }
}

/** Where the address begins whose path begins at `end`; null where none does. @param from nothing before it is looked at */
const startOfLink = (text: string, from: number, end: number): number | null => {
  const near = Math.max(from, end - LONGEST_ORIGIN)
  const before = text.slice(near, end)
  const start = Math.max(before.lastIndexOf('http://'), before.lastIndexOf('https://'))
  return start < 0 || /[\s<>()"'[\]\\]/.test(before.slice(start)) ? null : near + start
}

const parse = (name: string): PictureLink | null => {
  const [, workspace, file, time, signature] = WHOLE_NAME.exec(name) ?? []
  if (workspace === undefined || file === undefined) return null
  if (time === undefined || signature === undefined) return null
  return {
    workspaceId: `ws_${workspace}`,
    fileId: `file-${file}`,
    expiresAt: Number.parseInt(time, 36),
    signature,
  }
}
