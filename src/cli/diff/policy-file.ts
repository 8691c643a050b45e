import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Static } from 'typebox'
import { Type } from '../../core/schema.ts'
import { Compile } from 'typebox/compile'
import { parse } from 'yaml'
import { McpdError } from '../../core/errors.ts'
import { type Acknowledgement, defaultPolicy, type Policy } from '../../crawler/diff/policy.ts'
import { appendLines, readLines } from '../../crawler/snapshots/lines.ts'

const verdict = Type.Enum(['breaking', 'risky', 'safe', 'none'])
const closed = { additionalProperties: false }
const day = Type.String({ pattern: String.raw`^\d{4}-\d{2}-\d{2}` })

/** The shape of a policy file: which verdicts are judged otherwise, and why. */
const policySchema = Type.Object(
  {
    profile: Type.Optional(Type.Enum(['default', 'oasdiff'])),
    switches: Type.Optional(
      Type.Object(
        Object.fromEntries(Object.keys(defaultPolicy.switches).map((name) => [name, Type.Optional(verdict)])),
        closed,
      ),
    ),
    overrides: Type.Optional(
      Type.Array(
        Type.Object(
          {
            rule: Type.Optional(Type.String()),
            path: Type.Optional(Type.String()),
            tag: Type.Optional(Type.String()),
            severity: verdict,
            reason: Type.String({ minLength: 1 }),
            until: Type.Optional(day),
          },
          closed,
        ),
        { maxItems: 1000 },
      ),
    ),
  },
  closed,
)

const check = Compile(policySchema)

/** The file that `--policy` names. Throws CONFIG_INVALID. */
export const readPolicy = async (path: string | undefined): Promise<Policy> => {
  if (path === undefined) return defaultPolicy
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new McpdError('CONFIG_INVALID', `${path} cannot be read.`, {}, error)
  })
  let value: unknown
  try {
    value = parse(text) ?? {}
  } catch (error) {
    throw new McpdError('CONFIG_INVALID', `${path} is not YAML.`, {}, error)
  }
  const [problem] = check.Check(value) ? [] : check.Errors(value)
  if (problem)
    throw new McpdError(
      'CONFIG_INVALID',
      `${path}: ${problem.instancePath || 'the file'} ${problem.message}.`,
      {
        suggestions: ['docs/diff.md shows a policy file.'],
      },
    )
  const { profile, switches, overrides } = value as Static<typeof policySchema>
  return {
    ...defaultPolicy,
    ...(profile && { profile }),
    switches: { ...defaultPolicy.switches, ...switches },
    overrides: overrides ?? [],
  }
}

/** Acknowledged changes are kept beside the versions, to be committed with them. */
const fileOf = (store: string): string => join(store, 'acknowledged.jsonl')

/** The last word on each fingerprint. */
export const readAcknowledgements = async (store: string): Promise<readonly Acknowledgement[]> => [
  ...new Map(
    (await readLines<Acknowledgement>(fileOf(store))).map((each) => [each.fingerprint, each] as const),
  ).values(),
]

export const acknowledge = (store: string, acknowledgement: Acknowledgement): Promise<void> =>
  appendLines(fileOf(store), [acknowledgement])
