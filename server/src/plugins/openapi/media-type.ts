/** `application/json; charset=utf-8` -> `application/json` */
export const plainType = (mediaType: string): string =>
  (mediaType.split(';')[0] ?? '').trim().toLowerCase()

/** Whether a media type's values are JSON: `application/json`, `application/problem+json`, `application/x-amz-json-1.1`. */
export const isJsonType = (mediaType: string): boolean => {
  const type = plainType(mediaType)
  return /^(?:application|text)\/(?:[\w.+-]*[+-])?json(?:-[\d.]+)?$/.test(type)
}
