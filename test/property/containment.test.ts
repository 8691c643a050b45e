import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../src/openapi/json.ts'
import { loadDocument } from '../../src/openapi/load.ts'
import { accepts } from '../../src/openapi/schema/accepts.ts'
import { textOutside } from '../../src/openapi/schema/language.ts'
import { createRelation } from '../../src/openapi/schema/relation.ts'
import { counterexample } from '../../src/openapi/schema/counterexample.ts'
import { sample } from '../../src/openapi/schema/sample.ts'
import { createSpace, type View } from '../../src/openapi/schema/view.ts'
import { openSpec } from '../../src/openapi/spec.ts'
import { createValidator } from '../../src/openapi/validator.ts'

const viewOf = (schema: Json, name: string): View => {
  const document = {
    openapi: '3.1.0',
    info: { title: 't', version: '1' },
    components: { schemas: { Root: schema, Name: { type: 'string', maxLength: 2 }, Loop: loop } },
  }
  const spec = openSpec(loadDocument(Buffer.from(JSON.stringify(document)), name))
  return createSpace(spec, 'request').view({ $ref: '#/components/schemas/Root' }, '')
}

const loop: Json = {
  type: 'object',
  properties: { a: { $ref: '#/components/schemas/Loop' }, b: { type: 'integer' } },
}

const names = fc.constantFrom('a', 'b', 'c')
const scalars = fc.constantFrom<Json>(null, true, false, 0, 1, 2, 3, 1.5, 'a', 'b', 'abc', '')
const small = fc.integer({ min: 0, max: 3 })
const some = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const defined = (object: Record<string, unknown>): JsonObject =>
  JSON.parse(JSON.stringify(object)) as JsonObject

const { schema } = fc.letrec<{ schema: Json; object: Json; array: Json; union: Json }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Json>(
      true,
      {},
      { type: 'null' },
      { type: 'boolean' },
      { $ref: '#/components/schemas/Name' },
      { $ref: '#/components/schemas/Loop' },
    ),
    fc.record({ enum: fc.uniqueArray(scalars, { minLength: 1, maxLength: 4 }) }) as fc.Arbitrary<Json>,
    fc
      .record({
        type: fc.constantFrom('integer', 'number'),
        minimum: some(small),
        exclusiveMinimum: some(small),
        maximum: some(small),
        multipleOf: some(fc.constantFrom(1, 2, 0.5)),
      })
      .map(defined),
    fc
      .record({
        type: fc.constant('string'),
        minLength: some(small),
        maxLength: some(small),
        pattern: some(fc.constantFrom('^[a-z]*$', '^[a-z]{2}$', 'b', '.*')),
      })
      .map(defined),
    tie('object'),
    tie('array'),
    tie('union'),
  ),
  object: fc
    .record({
      type: fc.constant('object'),
      properties: fc.dictionary(names, tie('schema'), { maxKeys: 2, noNullPrototype: true }),
      required: fc.uniqueArray(names, { maxLength: 2 }),
      additionalProperties: some(fc.oneof(fc.boolean(), tie('schema'))),
      minProperties: some(small),
      maxProperties: some(small),
    })
    .map(defined),
  array: fc
    .record({
      type: fc.constant('array'),
      items: some(tie('schema')),
      prefixItems: some(fc.array(tie('schema'), { minLength: 1, maxLength: 2 })),
      minItems: some(small),
      maxItems: some(small),
      uniqueItems: some(fc.boolean()),
    })
    .map(defined),
  union: fc.oneof(
    ...(['anyOf', 'oneOf', 'allOf'] as const).map((keyword) =>
      fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((list): Json => ({ [keyword]: list })),
    ),
    tie('schema').map((inner): Json => ({ not: inner })),
  ),
}))

const values: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalars,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(names, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value

const validate = await createValidator()

describe('value sets', () => {
  it('take what an independent validator takes', () => {
    fc.assert(
      fc.property(schema, fc.array(values, { maxLength: 8 }), (one, tried) => {
        const view = viewOf(one, 'one')
        for (const value of tried) expect(accepts(view, value)).toBe(validate(view, value))
      }),
      { numRuns: 400 },
    )
  })

  it('are sampled with values that are in them', () => {
    let sampled = 0
    fc.assert(
      fc.property(schema, (one) => {
        const view = viewOf(one, 'one')
        const value = sample(view)
        if (value === undefined) return
        sampled++
        expect(validate(view, value)).toBe(true)
      }),
      { numRuns: 400 },
    )
    expect(sampled).toBeGreaterThan(200)
  })

  it('hold each other only if every value found in the inner is in the outer', () => {
    const verdicts = { yes: 0, no: 0, unknown: 0 }
    fc.assert(
      fc.property(schema, schema, fc.array(values, { maxLength: 10 }), (left, right, tried) => {
        const [outer, inner] = [viewOf(left, 'outer'), viewOf(right, 'inner')]
        const relation = createRelation()
        const proven = relation.holds(outer, inner)
        const witness = counterexample(outer, inner, relation)
        verdicts[proven ? 'yes' : witness === undefined ? 'unknown' : 'no']++
        if (proven) {
          expect(witness).toBeUndefined()
          for (const value of [...tried, sample(inner)])
            if (value !== undefined && validate(inner, value)) expect(validate(outer, value)).toBe(true)
        }
        if (witness !== undefined) {
          expect(validate(inner, witness)).toBe(true)
          expect(validate(outer, witness)).toBe(false)
        }
      }),
      { numRuns: 600 },
    )
    console.info('containment of generated pairs:', verdicts)
    expect(verdicts.yes).toBeGreaterThan(20)
    expect(verdicts.unknown).toBeLessThan(150)
  })

  it('hold themselves, however often they are written', () => {
    fc.assert(
      fc.property(schema, (one) => {
        const relation = createRelation()
        expect(relation.holds(viewOf(one, 'one'), viewOf(one, 'same'))).toBe(true)
      }),
      { numRuns: 400 },
    )
  })
})

const { expression } = fc.letrec<{ expression: string; atom: string }>((tie) => ({
  atom: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '[a-c]', String.raw`\d`, String.raw`\W`, '1', '^', '$'),
    tie('expression').map((inner) => `(${inner})`),
  ),
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('atom'),
    fc
      .tuple(tie('atom'), fc.constantFrom('', '*', '+', '?', '{1,2}'))
      .map(([atom, sign]) => (atom === '^' || atom === '$' ? atom : atom + sign)),
    fc.tuple(tie('expression'), tie('expression')).map(([left, right]) => left + right),
    fc.tuple(tie('expression'), tie('expression')).map(([left, right]) => `${left}|${right}`),
  ),
}))

describe('expressions', () => {
  const texts = fc.sample(
    fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '-', '\n'), maxLength: 5 }),
    300,
  )

  it('hold each other as the engine that runs them says', () => {
    const answers = { none: 0, text: 0, unknown: 0 }
    fc.assert(
      fc.property(expression, expression, (inside, outside) => {
        const [inner, outer] = [new RegExp(inside, 'u'), new RegExp(outside, 'u')]
        const answer = textOutside([inside], outside)
        answers[answer.kind]++
        if (answer.kind === 'text') {
          expect(inner.test(answer.text)).toBe(true)
          expect(outer.test(answer.text)).toBe(false)
        } else if (answer.kind === 'none')
          for (const text of texts)
            if (inner.test(text)) expect([text, outer.test(text)]).toEqual([text, true])
      }),
      { numRuns: 1000 },
    )
    expect(answers.none).toBeGreaterThan(50)
    expect(answers.text).toBeGreaterThan(50)
    expect(answers.unknown).toBeLessThan(20)
  })
})
