/** The vector of an embedding's base64 form, little-endian 32-bit floats; undefined when it is no such thing. */
export const decodeVector = (text: string): number[] | undefined => {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length % 4 !== 0) return undefined
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4))
}

export const encodeVector = (values: readonly number[]): string => {
  const bytes = Buffer.allocUnsafe(values.length * 4)
  for (const [at, value] of values.entries()) bytes.writeFloatLE(value, at * 4)
  return bytes.toString('base64')
}
