import { isList, isObject, type Json } from '../../openapi/json.ts'

/** What a refusal says of one value. */
export interface Complaint {
  /** Parameter, or place in the body, as its parts: `['items', '0', 'price']`. */
  readonly field: readonly string[]
  readonly text: string
}

const namers = [
  'field',
  'path',
  'loc',
  'pointer',
  'param',
  'parameter',
  'property',
  'instancePath',
  'propertyName',
  'attribute',
  'key',
  'name',
]
const tellers = [
  'message',
  'msg',
  'detail',
  'reason',
  'description',
  'error',
  'title',
  'text',
  'defaultMessage',
]
const complaintsMax = 20
const depthMax = 6

/** What a refusal complains of, as far as it names one of `names`: validators say it in many shapes. */
export const complaintsIn = (
  answer: Json | undefined,
  body: string,
  names: ReadonlySet<string>,
): readonly Complaint[] => {
  const found: Complaint[] = []
  const add = (field: readonly string[], text: string): void => {
    if (found.length < complaintsMax && text.length < 500 && field.some((part) => names.has(part)))
      found.push({ field: field.slice(field.findIndex((part) => names.has(part))), text })
  }
  const walk = (value: Json, depth: number): void => {
    if (depth > depthMax) return
    if (typeof value === 'string') return mention(value, names, add)
    if (isList(value)) return value.slice(0, complaintsMax).forEach((each) => walk(each, depth + 1))
    if (!isObject(value)) return
    const source = isObject(value['source']) ? { ...value['source'], ...value } : value
    const field = namers
      .flatMap((name) => partsOf(source[name]))
      .find((parts) => parts.some((part) => names.has(part)))
    const text = tellers.map((name) => value[name]).find((each) => typeof each === 'string')
    if (field && text !== undefined) return add(field, text)
    for (const [name, member] of Object.entries(value)) {
      // `{ "check_out": ["must be later"] }`
      const texts = isList(member)
        ? member.filter((each) => typeof each === 'string')
        : typeof member === 'string'
          ? [member]
          : []
      if (names.has(name) && texts.length > 0) for (const each of texts) add([name], each)
      else walk(member, depth + 1)
    }
  }
  if (answer === undefined) mention(body.slice(0, 2000), names, add)
  else walk(answer, 0)
  return found
}

/** `body.items[0].price`, `/items/0/price` and `["body", "items", 0, "price"]` are one place. */
const partsOf = (value: Json | undefined): readonly (readonly string[])[] => {
  if (isList(value)) return [value.map(String)]
  if (typeof value !== 'string' || value === '' || value.length > 200) return []
  return [value.split(/[/.[\]#$'"]+/).filter((part) => part !== '')]
}

/** A sentence that names a value: `check_out must be after check_in` is of the first of them. */
const mention = (
  text: string,
  names: ReadonlySet<string>,
  add: (field: readonly string[], text: string) => void,
): void => {
  for (const sentence of text.split(/[\n;]|\.\s/)) {
    const named = sentence.split(/[^\w-]+/).find((word) => names.has(word))
    if (named !== undefined) add([named], sentence)
  }
}
