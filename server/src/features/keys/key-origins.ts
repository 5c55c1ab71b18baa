import { errors } from '../../platform/errors.ts'

/** An origin as browsers write it in the header `Origin`: in lower case, without the scheme's own port. */
export const normalOrigin = (text: string): string => {
  const { origin } = URL.canParse(text) ? new URL(text) : { origin: 'null' }
  // of a scheme that URLs know no origin of, like that of a browser's extension
  return origin === 'null' ? text.toLowerCase() : origin
}

/**
 * Browsers say of which origin the page is that calls, and no page can say otherwise; other programs say what they like, or nothing. So
 * this keeps a key that stands in one page from being used in others, and is no wall against anything but pages.
 * @param allowed null for all
 * @param origin null for a request that names none
 * @throws AppError 403
 */
export const refuseOrigin = (allowed: readonly string[] | null, origin: string | null): void => {
  if (allowed === null || origin === null || allowed.includes(normalOrigin(origin))) return
  throw errors.forbidden(`This API key is not for pages of the origin '${origin.slice(0, 256)}'.`)
}
