/**
 * The guide's Gradio demo sends a picture as a user message whose whole text is its address (behaviour.md 0 and 5). Such a message
 * is given to the model as an image.
 */
const DATA_IMAGE = /^data:image\/[a-z0-9.+-]+(?:;[a-z0-9=._-]+)*;base64,[a-z0-9+/=_\s-]+$/i
const IMAGE_PATH = /\.(?:png|jpe?g|gif|webp|bmp|avif|heic|tiff?)$/i

/**
 * The address of the image a text consists of, or null when the text is anything else. http(s) addresses count when their path ends
 * like an image file: any other link is more likely a page that the person wants to talk about.
 */
export const imageOnlyText = (text: string): string | null => {
  const trimmed = text.trim()
  if (/^data:image\//i.test(trimmed))
    return DATA_IMAGE.test(trimmed) ? trimmed.replaceAll(/\s/g, '') : null
  if (!/^https?:\/\/\S+$/i.test(trimmed)) return null
  const url = URL.parse(trimmed)
  return url !== null && IMAGE_PATH.test(url.pathname) ? trimmed : null
}
