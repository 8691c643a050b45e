import type { Json } from '../../openapi/json.ts'
import { isMultiple } from '../../openapi/schema/accepts.ts'
import type { NumberAlternative, StringAlternative } from '../../openapi/schema/alternative.ts'
import type { Draw } from './draw.ts'
import { formatOf, textOfLength, textsOfPattern } from './text.ts'

/** A draw of a part alone: where it stands is added by who knows. */
export type Part = Omit<Draw, 'pointer' | 'value'> & { readonly value: Json }

const part = (expect: Part['expect'], keyword: string, what: string, value: Json): Part => ({
  expect,
  keyword,
  what,
  value,
})

/** Texts longer than this are not sent to find an upper bound. */
const lengthMax = 20_000

/** Both sides of every bound of a number, and the edges of the machine's own numbers. */
export const numberParts = (one: NumberAlternative): readonly Part[] => {
  const step = one.multipleOf.at(-1) ?? 1
  const fine = one.integer || one.multipleOf.length > 0 ? step : 0.01
  const exact = (value: number): number => Number(value.toPrecision(15))
  const found: Part[] = []
  if (Number.isFinite(one.min)) {
    const word = one.minExclusive ? 'exclusiveMinimum' : 'minimum'
    const least = one.minExclusive
      ? exact(one.min + fine)
      : one.multipleOf.length > 0
        ? exact(Math.ceil(one.min / step - 1e-9) * step)
        : one.min
    found.push(part('valid', word, 'least', least), part('valid', word, 'least + 1', exact(least + fine)))
    const below = one.minExclusive ? one.min : exact(least - fine)
    if (isWritten(one, 'min'))
      found.push(
        part('invalid', word, 'below the least', below),
        part('invalid', word, 'far below the least', exact(least - step * 1000)),
      )
  }
  if (Number.isFinite(one.max)) {
    const word = one.maxExclusive ? 'exclusiveMaximum' : 'maximum'
    const most = one.maxExclusive
      ? exact(one.max - fine)
      : one.multipleOf.length > 0
        ? exact(Math.floor(one.max / step + 1e-9) * step)
        : one.max
    found.push(part('valid', word, 'most', most), part('valid', word, 'most - 1', exact(most - fine)))
    const above = one.maxExclusive ? one.max : exact(most + fine)
    if (isWritten(one, 'max'))
      found.push(
        part('invalid', word, 'above the most', above),
        part('invalid', word, 'far above the most', exact(most + step * 1000)),
      )
  }
  for (const multiple of one.multipleOf) {
    const inside = Number.isFinite(one.min) ? Math.ceil(one.min / multiple) * multiple : 0
    const odd = exact(inside + multiple + (one.integer && multiple > 1 ? 1 : multiple / 2))
    if (!isMultiple(odd, multiple)) found.push(part('invalid', 'multipleOf', 'no multiple', odd))
    found.push(part('valid', 'multipleOf', 'a multiple', exact(inside + 3 * multiple)))
  }
  const middle = Number.isFinite(one.min)
    ? one.min + (Number.isFinite(one.max) ? Math.floor((one.max - one.min) / 2) : 10)
    : 10
  if (one.integer)
    found.push(part('invalid', 'type', 'a fraction for an integer', exact(Math.floor(middle) + 0.5)))
  else found.push(part('valid', 'type', 'a fraction', exact(middle + 0.25)))
  for (const plain of [0, 1, -1]) found.push(part('valid', 'type', String(plain), plain))
  // Numbers that no schema forbids and few programs take: only what breaks is of interest.
  for (const edge of [
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 53 - 1,
    2 ** 53 + 2,
    -(2 ** 63),
    1e21,
    ...(one.integer ? [] : [1e-10, 1e308, -1e308]),
  ])
    found.push(part('unknown', 'edge', `edge ${edge}`, edge))
  return found
}

/** A bound that only the format implies, such as that of int32, is not held against anybody. */
const isWritten = (one: NumberAlternative, end: 'min' | 'max'): boolean =>
  one.view.atoms.some(({ node }) =>
    end === 'min'
      ? node['minimum'] === one.min || node['exclusiveMinimum'] !== undefined || node['minimum'] !== undefined
      : node['maximum'] === one.max ||
        node['exclusiveMaximum'] !== undefined ||
        node['maximum'] !== undefined,
  )

/** Only what every reader of the format refuses: many take more than the standard says. */
const badFormats: Readonly<Record<string, readonly string[]>> = {
  date: ['not-a-date', '2026-13-45', '31/12/2026'],
  'date-time': ['not-a-date', '2026-13-45T99:99:99Z', 'yesterday'],
  time: ['not-a-time', '25:61:61Z'],
  uuid: ['not-a-uuid', '123e4567-e89b-42d3-a456-42661417400', 'zzzzzzzz-zzzz-4zzz-azzz-zzzzzzzzzzzz'],
  email: ['not-an-email', 'example.com'],
  uri: ['not a uri', '://'],
  ipv4: ['999.1.1.1', 'not-an-ip', '1.2.3'],
  ipv6: ['not-an-ip', '12345::1'],
  hostname: ['a b', '-bad-.example'],
}

const scripts: readonly (readonly [string, string])[] = [
  ['accents', 'Äéîõüñ'],
  ['an apostrophe', "O'Brien"],
  ['a quotation mark', 'say "hi"'],
  ['Chinese', '漢字テスト'],
  ['Arabic', 'مرحبا'],
  ['an emoji', 'go 🚀 now'],
  ['a joined emoji', '👩‍👩‍👧'],
  ['combining marks', 'e\u0301a\u0308'],
  ['a percent sign', '100% sure'],
  ['an ampersand', 'a&b=c'],
  ['a plus and a hash', 'a+b#c'],
  ['a slash', 'a/b'],
  ['a backslash', 'a\\b'],
]

const dangers: readonly (readonly [string, string])[] = [
  ['a NUL', 'a\u0000b'],
  ['control characters', 'a\u0001\u001b[31mb'],
  ['a line break', 'a\nb\r\nc'],
  ['blanks only', '   '],
  ['blanks around', ' a '],
  ['zero-width characters', 'a\u200b\u200db\ufeff'],
  ['text turned round', '\u202eabc'],
  ['piled combining marks', `z${'\u0303\u0316\u0346'.repeat(30)}`],
  ['half a surrogate pair', 'a\ud800b'],
  ['a capital that grows', 'ßİŉ'],
  ['an encoded percent sign', '%25'],
  ['an encoded slash', '%2F..%2F'],
  ['a lone percent sign', '%'],
  ['a broken escape', '%zz%1'],
  ['a way out', '../../etc/passwd'],
  ['SQL', `' OR '1'='1' --`],
  ['HTML', '<script>alert(1)</script>'],
  ['a template', '${7*7}{{7*7}}'],
  ['a command', '; ls | cat `id` $(id)'],
  ['a prototype', '__proto__'],
  ['constructor', 'constructor'],
  ['null as text', 'null'],
  ['undefined as text', 'undefined'],
  ['NaN as text', 'NaN'],
  ['a number as text', '0'],
  ['a repeated letter', 'a'.repeat(5000)],
]

/** Both sides of every keyword of a text, the scripts of the world, and what breaks programs. */
export const stringParts = (one: StringAlternative): readonly Part[] => {
  const found: Part[] = []
  const add = (expect: Part['expect'], keyword: string, what: string, value: string | undefined): void => {
    if (value !== undefined) found.push(part(expect, keyword, what, value))
  }
  const { minLength, maxLength } = one
  const isFree = one.patterns.length === 0 && formatOf(one) === undefined
  if (minLength > 0 && minLength <= lengthMax) {
    add('valid', 'minLength', 'the shortest', textOfLength(one, minLength))
    add(
      'invalid',
      'minLength',
      'too short by one',
      one.patterns.length > 0 ? undefined : 'a'.repeat(minLength - 1),
    )
    if (minLength > 1) add('invalid', 'minLength', 'empty', '')
  } else if (isFree) add('valid', 'minLength', 'empty', '')
  if (maxLength <= lengthMax) {
    add('valid', 'maxLength', 'the longest', textOfLength(one, maxLength))
    add(
      'valid',
      'maxLength',
      'one below the longest',
      maxLength > 0 ? textOfLength(one, maxLength - 1) : undefined,
    )
    if (isFree) {
      add(
        'valid',
        'maxLength',
        'the longest, of characters beyond the basic plane',
        textOfLength(one, maxLength, '🚀'),
      )
      add('valid', 'maxLength', 'the longest, of accented letters', textOfLength(one, maxLength, 'é'))
      add(
        'invalid',
        'maxLength',
        'too long by one, of characters beyond the basic plane',
        '🚀'.repeat(maxLength + 1),
      )
    }
    add('invalid', 'maxLength', 'too long by one', 'a'.repeat(maxLength + 1))
    add('invalid', 'maxLength', 'far too long', 'a'.repeat(maxLength * 10 + 100))
    const longer = textOfFormatLonger(one)
    add('invalid', 'maxLength', 'too long but well-formed', longer)
  } else add('unknown', 'edge', 'very long', 'a'.repeat(lengthMax))
  for (const pattern of one.patterns) {
    for (const text of textsOfPattern(pattern).slice(0, 6))
      add('valid', 'pattern', 'matches the pattern', text)
    for (const text of brokenMatches(pattern)) add('invalid', 'pattern', 'does not match the pattern', text)
  }
  for (const format of one.formats)
    for (const text of badFormats[format] ?? []) add('invalid', 'format', `no ${format}`, text)
  if (one.formats.includes('date')) add('valid', 'format', 'a leap day', '2028-02-29')
  if (one.formats.includes('date-time'))
    for (const text of ['2028-02-29T23:59:59Z', '2026-01-31T12:00:00.123Z', '2026-01-31T12:00:00+05:30'])
      add('valid', 'format', 'a moment', text)
  for (const [what, text] of scripts) if (isFree) add('valid', 'unicode', what, fitted(one, text))
  for (const [what, text] of dangers) add('unknown', 'text', what, text)
  return found
}

/** The text within the lengths that the schema allows. */
const fitted = ({ minLength, maxLength }: StringAlternative, text: string): string => {
  const characters = Array.from(text)
  return characters.length > maxLength
    ? characters.slice(0, maxLength).join('')
    : text + 'x'.repeat(Math.max(0, minLength - characters.length))
}

const textOfFormatLonger = (one: StringAlternative): string | undefined =>
  one.formats.includes('email') && one.maxLength < 60 && one.maxLength > 12
    ? `${'a'.repeat(one.maxLength - 11)}@example.com`
    : undefined

/** What matches, with one thing about it wrong: more telling than noise. */
const brokenMatches = (pattern: string): readonly string[] => {
  const texts = textsOfPattern(pattern).filter((text) => /^[\x20-\x7e]+$/.test(text))
  const first = texts.find((text) => text.length > 1) ?? texts[0] ?? 'a'
  return [
    `${first}!`,
    ` ${first}`,
    first.slice(0, -1),
    first.slice(1),
    first + first,
    first.toUpperCase(),
    first.toLowerCase(),
    `x${first}`,
    '!?',
    '',
    '-',
    '0',
  ]
}
