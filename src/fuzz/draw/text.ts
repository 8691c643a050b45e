import fc from 'fast-check'
import { accepts } from '../../openapi/schema/accepts.ts'
import type { StringAlternative } from '../../openapi/schema/alternative.ts'
import { formats } from '../../openapi/schema/formats.ts'
import { samplesOf } from '../../openapi/schema/pattern.ts'
import { between, type Random } from './random.ts'

const patternSamples = 24
const patternLengthMax = 2000
const known = new Map<string, readonly string[]>()
const knownMax = 2000

/** Texts that match an expression: by fast-check where it can read it, else made up and tried. */
export const textsOfPattern = (source: string, seed = 1): readonly string[] => {
  const cached = known.get(source)
  if (cached) return cached
  const made = [...samplesOf(source, [1, 2, 3, 5, 8, 12, 20])]
  // Expressions with look-around, back-references or word boundaries throw; those of another engine do not compile.
  for (const flags of ['u', ''])
    try {
      if (source.length > patternLengthMax) break
      made.push(...fc.sample(fc.stringMatching(new RegExp(source, flags)), { numRuns: patternSamples, seed }))
      break
    } catch {
      continue
    }
  const texts = [...new Set(made)]
  if (known.size >= knownMax) known.clear()
  known.set(source, texts)
  return texts
}

const digits = (random: Random, count: number): string =>
  Array.from({ length: count }, () => Math.floor(random() * 10)).join('')
const hex = (random: Random, count: number): string =>
  Array.from({ length: count }, () => Math.floor(random() * 16).toString(16)).join('')
const letters = (random: Random, count: number): string =>
  Array.from({ length: count }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join('')
const two = (value: number): string => String(value).padStart(2, '0')

const dayMs = 86_400_000
const spanDays = 10
const firstDay = Date.parse('2027-01-04T00:00:00Z')
const dayText = (days: number): string => new Date(firstDay + days * dayMs).toISOString().slice(0, 10)

const ends =
  /^(end|ends|ending|until|till|to|before|out|checkout|due|last|finish|finished|deadline|return|departure|upper|max|close|closes|expiry|expires?|expiration)$/

/** Whether a name is that of the later of two days: `check_out`, `validUntil`. */
const isEnd = (name: string): boolean =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .some((word) => ends.test(word))

/** The day or moment so many days later; undefined for what is none. */
export const shifted = (text: string, days: number): string | undefined => {
  const [, day = '', rest = ''] = /^(\d{4}-\d\d-\d\d)(t.*)?$/i.exec(text) ?? []
  const at = Date.parse(`${day}T00:00:00Z`) + days * dayMs
  return Number.isNaN(at) ? undefined : new Date(at).toISOString().slice(0, 10) + rest
}

/** A text of a format, another one each time; each is valid by the strictest reading of the format. */
export const textOfFormat = (format: string, random: Random, name = ''): string | undefined => {
  const date = dayText(between(random, 0, spanDays - 1) + (isEnd(name) ? spanDays : 0))
  switch (format) {
    case 'date':
      return date
    case 'date-time':
      return `${date}T${two(between(random, 0, 23))}:${two(between(random, 0, 59))}:${two(between(random, 0, 59))}Z`
    case 'uuid':
      return `${hex(random, 8)}-${hex(random, 4)}-4${hex(random, 3)}-a${hex(random, 3)}-${hex(random, 12)}`
    case 'email':
    case 'idn-email':
      return `${letters(random, 6)}${digits(random, 4)}@example.com`
    case 'uri':
    case 'url':
    case 'iri':
      return `https://example.com/${letters(random, 6)}`
    case 'hostname':
      return `${letters(random, 6)}.example.com`
    case 'ipv4':
      return `192.0.2.${between(random, 1, 254)}`
    case 'byte':
      return Buffer.from(letters(random, 6)).toString('base64')
    default:
      return formats[format]?.sample
  }
}

/** A plain valid text, different each time where the schema leaves room. `name` is what the value is called. */
export const typicalText = (one: StringAlternative, random: Random, name: string): string | undefined => {
  const fits = (text: string): boolean => accepts(one.view, text)
  const format = formatOf(one)
  for (let tries = 0; format !== undefined && tries < 3; tries++) {
    const text = textOfFormat(format, random, name)
    if (text !== undefined && fits(text)) return text
  }
  if (one.patterns.length > 0) {
    const texts = textsOfPattern(one.patterns[0] ?? '').filter(fits)
    const plain = texts.filter((text) => /^[\x21-\x7e]+$/.test(text))
    const among = plain.length > 0 ? plain : texts
    const text = among[Math.floor(random() * among.length)]
    // A few samples would soon be used up where values have to be unique.
    const other = text === undefined ? undefined : shuffle(text, random)
    return other !== undefined && fits(other) ? other : text
  }
  const guess = guessByName(name, random)
  if (guess !== undefined && fits(guess)) return guess
  const wanted = Math.min(one.maxLength, Math.max(one.minLength, 10))
  const text = (
    name
      .replaceAll(/[^a-z]/gi, '')
      .toLowerCase()
      .slice(0, 4) + letters(random, Math.max(0, wanted))
  ).slice(-wanted)
  const long = one.minLength > text.length ? text + 'a'.repeat(one.minLength - text.length) : text
  return [long, letters(random, one.minLength), 'a'.repeat(one.minLength)].find(fits)
}

/** The written format, also of those that are not asserted. */
export const formatOf = (one: StringAlternative): string | undefined => {
  for (const { node } of one.view.atoms) if (typeof node['format'] === 'string') return node['format']
  return undefined
}

/** A text whose name says what it is, though no format does. */
const guessByName = (name: string, random: Random): string | undefined => {
  const last = name.toLowerCase()
  if (/e-?mail$/.test(last)) return textOfFormat('email', random)
  if (/(url|uri|website|href)$/.test(last)) return textOfFormat('uri', random)
  if (/phone|mobile/.test(last)) return `+1202555${digits(random, 4)}`
  if (/^(zip|postal|postcode|zipcode)/.test(last)) return digits(random, 5)
  if (/country(code)?$/.test(last)) return 'DE'
  if (last.endsWith('currency')) return 'EUR'
  if (/password/.test(last)) return `Aa1!${letters(random, 8)}`
  if (/(^|_)(date|day)$|(date|_at|_on)$/.test(last)) return textOfFormat('date', random, name)
  return undefined
}

/** A valid text of exactly so many characters, made of `filler` where nothing else binds. */
export const textOfLength = (one: StringAlternative, length: number, filler = 'a'): string | undefined => {
  const fits = (text: string): boolean => accepts(one.view, text)
  if (one.patterns.length > 0) {
    const exact = (texts: readonly string[]) =>
      texts.find((text) => Array.from(text).length === length && fits(text))
    return exact(samplesOf(one.patterns[0] ?? '', [length])) ?? exact(textsOfPattern(one.patterns[0] ?? ''))
  }
  const format = formatOf(one)
  if (format === 'email' && length > 13)
    return [`${'a'.repeat(length - 12)}@example.com`].find((text) => length <= 60 && fits(text))
  if ((format === 'uri' || format === 'url') && length > 20)
    return [`https://example.com/${'a'.repeat(length - 20)}`].find(fits)
  const text = filler.repeat(length)
  return fits(text) ? text : undefined
}

/** Each letter and digit for another one of its kind: what most patterns allow. */
export const shuffle = (text: string, random: Random): string =>
  text
    .replaceAll(/[a-z]/g, () => String.fromCharCode(97 + Math.floor(random() * 26)))
    .replaceAll(/[A-Z]/g, () => String.fromCharCode(65 + Math.floor(random() * 26)))
    .replaceAll(/\d/g, () => String(Math.floor(random() * 10)))
