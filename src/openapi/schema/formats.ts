/** Formats that narrow a text, each with a test and a text that passes it. Formats that are not here constrain nothing. */
interface Format {
  readonly test: RegExp
  readonly sample: string
  /** Formats whose every text is of this one too. */
  readonly includes?: readonly string[]
}

const date = String.raw`\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])`
const time = String.raw`([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(z|[+-]([01]\d|2[0-3]):[0-5]\d)`
const octet = String.raw`(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`

export const formats: Readonly<Record<string, Format>> = {
  date: { test: new RegExp(`^${date}$`), sample: '2026-01-31' },
  'date-time': { test: new RegExp(`^${date}[t ]${time}$`, 'i'), sample: '2026-01-31T12:00:00Z' },
  time: { test: new RegExp(`^${time}$`, 'i'), sample: '12:00:00Z' },
  duration: {
    test: /^P(?!$)(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?$|^P\d+W$/,
    sample: 'P1D',
  },
  uuid: {
    test: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    sample: '123e4567-e89b-42d3-a456-426614174000',
  },
  email: { test: /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)*$/, sample: 'a@example.org' },
  'idn-email': { test: /^[^\s@]+@[^\s@]+$/, sample: 'a@example.org', includes: ['email'] },
  hostname: {
    test: /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i,
    sample: 'example.org',
  },
  ipv4: { test: new RegExp(`^${octet}(\\.${octet}){3}$`), sample: '192.0.2.1' },
  ipv6: { test: /^(?=.*:.*:)[0-9a-f:.]{2,45}$/i, sample: '2001:db8::1' },
  uri: { test: /^[a-z][a-z0-9+.-]*:[^\s]*$/i, sample: 'https://example.org/' },
  'uri-reference': { test: /^[^\s\\]*$/, sample: '/a', includes: ['uri'] },
  iri: { test: /^[a-z][a-z0-9+.-]*:[^\s]*$/i, sample: 'https://example.org/', includes: ['uri'] },
  'json-pointer': { test: /^(\/([^~/]|~[01])*)*$/, sample: '/a' },
}

/** Whether every text of the format `inner` is one of `outer`. */
export const formatContains = (outer: string, inner: string): boolean =>
  outer === inner || !Object.hasOwn(formats, outer) || (formats[outer]?.includes?.includes(inner) ?? false)

/** Whether a format narrows anything at all. */
export const isAsserted = (format: string): boolean => Object.hasOwn(formats, format)

/** Bounds that a numeric format stands for, both ends included. */
export const numericFormats: Readonly<Record<string, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32_768, 32_767],
  uint16: [0, 65_535],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [-(2 ** 63), 2 ** 63],
  uint64: [0, 2 ** 64],
  float: [-(2 - 2 ** -23) * 2 ** 127, (2 - 2 ** -23) * 2 ** 127],
}
