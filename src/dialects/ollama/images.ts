import { McpdError } from '../../core/errors.ts'
import type { Part } from '../../core/inference.ts'

/** How base64 begins, for the types that vision models read. */
const signatures: readonly (readonly [string, string])[] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
  ['Qk', 'image/bmp'],
]

/** Base64 with nothing around it. */
export const imagePattern = '^[A-Za-z0-9+/]+={0,2}$'
const base64 = new RegExp(imagePattern)

/** An image of a request, base64 without a type, as a part. Throws BAD_REQUEST. */
export const decodeImage = (image: string, path: string): Part => {
  if (!base64.test(image))
    throw new McpdError('BAD_REQUEST', 'An image must be plain base64, without "data:" before it.', {
      param: path,
    })
  const [, type] = signatures.find(([start]) => image.startsWith(start)) ?? ['', 'application/octet-stream']
  return { type: 'image', url: `data:${type};base64,${image}` }
}

/** An image part as Ollama takes it. Throws BAD_REQUEST for an image that is elsewhere: Ollama fetches none. */
export const encodeImage = (url: string, path: string): string => {
  const [, data] = /^data:[^,]*;base64,(.*)$/is.exec(url) ?? []
  if (data === undefined)
    throw new McpdError(
      'BAD_REQUEST',
      'Ollama fetches no images: send the image itself, as a data: URL in base64.',
      { param: path },
    )
  return data
}
