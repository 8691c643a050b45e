import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { editMembers, type MemberEdits } from '../../src/core/json-edit.ts'

const space = fc.stringMatching(/^[ \t\n\r]{0,3}$/)
const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('model', 'mcpd', 'stream_options', 'n', 'messages') },
  fc.string({ unit: 'grapheme', maxLength: 6 }).filter((text) => text !== '__proto__'),
)
const options = fc.oneof(
  fc.constant(null),
  fc.dictionary(fc.constantFrom('include_usage', 'x', 'y'), fc.jsonValue({ maxDepth: 1 }), {
    noNullPrototype: true,
  }),
)

interface Written {
  readonly name: string
  readonly key: string
  readonly value: string
}

/** A member as some client would spell it: escapes in the name, odd white space around. */
const member = fc
  .tuple(
    name,
    fc.jsonValue({ maxDepth: 3 }),
    options,
    fc.boolean(),
    fc.array(space, { minLength: 4, maxLength: 4 }),
  )
  .map(([name, value, options, escaped, [a, b, c, d]]): Written => {
    const key = JSON.stringify(name)
    return {
      name,
      key:
        a +
        (escaped ? key.replace(/[a-z]/, (letter) => `\\u00${letter.codePointAt(0)!.toString(16)}`) : key) +
        b,
      value: c + JSON.stringify(name === 'stream_options' ? options : value) + d,
    }
  })

const body = fc.uniqueArray(member, { selector: (written) => written.name, maxLength: 8 })

const edits: MemberEdits = {
  model: { set: 'gpu/"ü"' },
  mcpd: 'remove',
  stream_options: { members: { include_usage: { set: true }, x: 'remove' } },
}

const edited = (value: Record<string, unknown>): unknown => {
  const { mcpd: _, ...rest } = value
  const { x: __, ...options } = (rest['stream_options'] ?? {}) as Record<string, unknown>
  return { ...rest, model: 'gpu/"ü"', stream_options: { ...options, include_usage: true } }
}

const write = (members: readonly Written[]) =>
  `{${members.map(({ key, value }) => `${key}:${value}`).join(',')}}`

it('parses to what editing the parsed value gives', () => {
  fc.assert(
    fc.property(body, space, (members, around) => {
      // No escape in the generator turns a name into another's, so that names stay unique.
      const text = around + write(members.length === 0 ? [] : members) + around
      expect(JSON.parse(editMembers(Buffer.from(text), edits).toString())).toEqual(edited(JSON.parse(text)))
    }),
  )
})

it('leaves the bytes of all other members as they were', () => {
  fc.assert(
    fc.property(body, (members) => {
      const after = editMembers(Buffer.from(write(members)), edits).toString()
      let from = 0
      for (const { name, key, value } of members) {
        if (name in edits) continue
        // A removed neighbour may take the white space before the next name with it.
        const at = after.indexOf(`${key.trimStart()}:${value.trimEnd()}`, from)
        expect(at).toBeGreaterThanOrEqual(from)
        from = at + 1
      }
    }),
  )
})
