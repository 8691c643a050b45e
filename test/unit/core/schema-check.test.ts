import fc from 'fast-check'
import { Compile } from 'typebox/compile'
import { expect, it } from 'vitest'
import { configFileSchema } from '../../../src/core/config-schema.ts'
import { checkLater } from '../../../src/core/schema-check.ts'
import { Type } from '../../../src/core/schema.ts'

const schema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 3, pattern: '^[^x]*$' }),
    size: Type.Optional(
      Type.Refine(
        Type.Integer({ minimum: 0, exclusiveMaximum: 9 }),
        (value) => value !== 4,
        () => 'must not be 4',
      ),
    ),
    list: Type.Optional(
      Type.Array(Type.Union([Type.Literal('a'), Type.Null()]), { minItems: 1, maxItems: 2 }),
    ),
    of: Type.Optional(Type.Record(Type.String({ pattern: '^k' }), Type.Number())),
    long: Type.Optional(Type.String({ minLength: 2 })),
    unique: Type.Optional(Type.Array(Type.Enum(['p', 'q']), { uniqueItems: true })),
  },
  { additionalProperties: false },
)

const atom = fc.constantFrom(
  null,
  true,
  0,
  3,
  4,
  9,
  -1,
  1.5,
  '',
  'a',
  'ab',
  'abcd',
  'x',
  'é',
  '👩‍👩‍👧',
  'p',
  'q',
  {},
  [],
)
const value = fc.oneof(
  atom,
  fc.dictionary(
    fc.constantFrom('name', 'size', 'list', 'of', 'long', 'unique', 'other', '__proto__', 'constructor'),
    fc.oneof(
      atom,
      fc.array(fc.constantFrom('a', 'p', 'q', null, 1), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom('k', 'kk', 'other'), atom, { maxKeys: 2 }),
    ),
  ),
)

it('agrees with TypeBox on every value', () => {
  const [ours, theirs] = [checkLater(schema), Compile(schema)]
  fc.assert(
    fc.property(value, (given) => {
      expect(ours.Check(given)).toBe(theirs.Check(given))
      expect(ours.Errors(given)).toEqual(theirs.Errors(given))
    }),
    { numRuns: 2000 },
  )
  // And not because nothing passes.
  expect(ours.Check({ name: 'ab', size: 3, list: ['a', null], of: { k: 1 }, unique: ['p', 'q'] })).toBe(true)
})

it('tells by itself that a config is right', () => {
  const whole = {
    listen: { host: '127.0.0.1', port: 0, hosts: ['a.b'], bodyMax: '32MB' },
    log: { level: 'info' },
    timeouts: { queue: '30s' },
    backends: [{ name: 'one', adapter: 'openai', url: 'http://localhost:1/v1', concurrency: 256 }],
    contexts: { journal: 'memory:' },
  }
  // A schema that TypeBox refuses to compile: whoever asks it, throws.
  const unaided = checkLater({ ...configFileSchema, pattern: '(' })
  expect(Compile(configFileSchema).Check(whole)).toBe(true)
  expect(unaided.Check(whole)).toBe(true)
  expect(() => unaided.Check({ ...whole, surplus: 1 })).toThrow(/pattern|expression/i)
})
