import { McpdError } from '../core/errors.ts'
import { nearest } from '../client/nearest.ts'
import type { Api, Operation } from './api/operation.ts'

/** Operations that the patterns name: `GET /pets*`, an operationId, a tag, a path. Throws USAGE for one that names none. */
export const selectOperations = (
  api: Api,
  include: readonly string[],
  exclude: readonly string[],
): readonly Operation[] => {
  const named = (pattern: string): ReadonlySet<string> => {
    const found = api.operations.filter((operation) => isNamed(operation, pattern))
    if (found.length > 0) return new Set(found.map(({ key }) => key))
    const close = nearest(
      pattern,
      api.operations.flatMap(({ key, id = key }) => [key, id]),
    )
    throw new McpdError('USAGE', `"${pattern}" names no operation of the document.`, {
      suggestions: [
        close === undefined
          ? `The document has ${api.operations
              .slice(0, 5)
              .map(({ key }) => key)
              .join(', ')}.`
          : `Did you mean "${close}"?`,
      ],
    })
  }
  const wanted = include.map(named)
  const unwanted = exclude.map(named)
  return api.operations.filter(
    ({ key }) =>
      (wanted.length === 0 || wanted.some((each) => each.has(key))) &&
      !unwanted.some((each) => each.has(key)),
  )
}

/** Whether a pattern names an operation; `*` stands for anything. */
export const isNamed = ({ key, path, id, tags }: Operation, pattern: string): boolean => {
  const expression = new RegExp(
    `^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*')}$`,
    'i',
  )
  return [key, path, id ?? '', ...tags].some((name) => expression.test(name))
}
