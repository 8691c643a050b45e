import { McpdError } from '../../core/errors.ts'
import { nearest } from '../../client/nearest.ts'
import { rules } from '../../crawler/diff/rules/catalogue.ts'
import type { Rule } from '../../crawler/diff/rules/rule.ts'
import { formatTable } from '../table.ts'

/** One row per id: several kinds of facts may come under one. Throws NOT_FOUND. */
export const rulesNamed = (id: string | undefined): readonly Rule[] => {
  const distinct = [...new Map(rules.map((rule) => [rule.id, rule])).values()].toSorted((left, right) =>
    left.id.localeCompare(right.id),
  )
  if (id === undefined) return distinct
  const found = distinct.filter((rule) => rule.id === id)
  if (found.length > 0) return found
  const near = nearest(
    id,
    distinct.map((rule) => rule.id),
  )
  throw new McpdError('NOT_FOUND', `There is no rule "${id}".`, {
    suggestions: [...(near === undefined ? [] : [`mcpd rules ${near}`]), 'mcpd rules lists them.'],
  })
}

export const formatRules = (found: readonly Rule[], explain: boolean): string => {
  if (!explain)
    return formatTable(
      ['RULE', 'SEVERITY', 'DIRECTION', 'AREA'],
      found.map(({ id, severity, direction, area }) => [id, severity, direction, area]),
    )
  return found.map(page).join('\n\n')
}

const directions = {
  request: 'what the client sends (in callbacks and webhooks: the server)',
  response: 'what the server sends (in callbacks and webhooks: the client)',
  none: 'the document as such',
} as const

const page = ({ id, severity, direction, area, action, explanation, policy }: Rule): string =>
  [
    id,
    '',
    explanation,
    '',
    formatTable(
      ['', ''],
      [
        ['severity', severity === 'none' ? 'not reported' : severity],
        ['about', directions[direction]],
        ['area', area],
        ['action', action],
        ...(policy === undefined ? [] : [['policy switch', policy]]),
      ],
    ).trimStart(),
    '',
    `Judge it otherwise in a policy file: overrides: [{ rule: ${id}, severity: safe, reason: … }]`,
  ].join('\n')
