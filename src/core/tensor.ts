/**
 * `data` holds as many values as the shape says, row by row, without nesting: BYTES are text, and integers that a
 * number cannot hold exactly are decimal text. What has no such form (FP16, BF16, BYTES that are no text) stands in
 * `base64` instead: little-endian, each of BYTES behind its length as uint32.
 */
export type Tensor = TensorHead &
  (
    | { readonly data: readonly TensorValue[]; readonly base64?: undefined }
    | { readonly data?: undefined; readonly base64: string }
  )

export interface TensorHead {
  readonly name: string
  readonly datatype: Datatype
  /** At most `dimensionsMax` whole numbers from 0 on; none for a single value. */
  readonly shape: readonly number[]
  readonly parameters?: TensorParameters
}

export type TensorValue = number | boolean | string
export type TensorParameters = Readonly<Record<string, string | number | boolean>>

/** Bytes of one value; undefined for BYTES, which are as long as they say. */
export const datatypes = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  BF16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: undefined,
} as const
export type Datatype = keyof typeof datatypes

/** Those whose values can be written as JSON. */
export const writtenTypes: readonly Datatype[] = (Object.keys(datatypes) as Datatype[]).filter(
  (datatype) => datatype !== 'FP16' && datatype !== 'BF16',
)

export const isDatatype = (value: unknown): value is Datatype =>
  typeof value === 'string' && Object.hasOwn(datatypes, value)

/** Numpy allows 64, which nobody needs; more is a mistake or an attack. */
export const dimensionsMax = 32

/** How many values a shape is of. */
export const elementsOf = (shape: readonly number[]): number =>
  shape.reduce((product, length) => product * length, 1)

const ranges: Readonly<Partial<Record<Datatype, readonly [least: bigint, most: bigint]>>> = {
  UINT8: [0n, 2n ** 8n - 1n],
  UINT16: [0n, 2n ** 16n - 1n],
  UINT32: [0n, 2n ** 32n - 1n],
  UINT64: [0n, 2n ** 64n - 1n],
  INT8: [-(2n ** 7n), 2n ** 7n - 1n],
  INT16: [-(2n ** 15n), 2n ** 15n - 1n],
  INT32: [-(2n ** 31n), 2n ** 31n - 1n],
  INT64: [-(2n ** 63n), 2n ** 63n - 1n],
}

/** What is wrong with a tensor, in words that begin with its name; undefined when it is what it says. */
export const tensorFault = (tensor: Tensor): string | undefined => {
  const { name, datatype, shape, data, base64 } = tensor
  const count = elementsOf(shape)
  if (shape.length > dimensionsMax)
    return `${name} has ${shape.length} dimensions, more than ${dimensionsMax}`
  if (!Number.isSafeInteger(count) || shape.some((length) => !Number.isSafeInteger(length) || length < 0))
    return `${name} has the shape [${shape.join(', ')}], which is none`
  if (data === undefined) return bytesFault(name, datatype, count, base64)
  if (!writtenTypes.includes(datatype))
    return `${name} is ${datatype}, which only has a binary form: send base64`
  if (data.length !== count)
    return `${name} has ${data.length} values, but its shape [${shape.join(', ')}] is of ${count}`
  const at = data.findIndex((value) => !fits(datatype, value))
  return at < 0 ? undefined : `${name}[${at}] is no ${datatype}`
}

const bytesFault = (name: string, datatype: Datatype, count: number, base64: string): string | undefined => {
  const size = datatypes[datatype]
  const length = Buffer.byteLength(base64, 'base64')
  if (size === undefined || length === size * count) return undefined
  return `${name} has ${length} bytes, but ${count} values of ${datatype} take ${size * count}`
}

const fits = (datatype: Datatype, value: TensorValue): boolean => {
  if (datatype === 'BYTES') return typeof value === 'string'
  if (datatype === 'BOOL') return typeof value === 'boolean'
  const range = ranges[datatype]
  if (!range) return typeof value === 'number'
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return false
  if (typeof value === 'number') return value >= Number(range[0]) && value <= Number(range[1])
  // A tensor of JSON may hold null and objects, whatever its type says.
  if (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value)) return false
  const exact = BigInt(value)
  return exact >= range[0] && exact <= range[1]
}
