import { alternatives } from '../../openapi/schema/alternatives.ts'
import type { View } from '../../openapi/schema/view.ts'
import type { Operation } from './operation.ts'

const modelPaths =
  /(^|\/)(completions?|complete|chat|embeddings?|embed|generate|generate_stream|messages|responses|infer|predict|rerank|tokenize)$/i
const modelMembers = ['messages', 'prompt', 'input', 'inputs', 'text_input']

/** Whether an operation generates with a model: by its path and by what its body is made of. */
export const isModelOperation = ({
  method,
  path,
  body,
}: Pick<Operation, 'method' | 'path' | 'body'>): boolean =>
  method === 'POST' &&
  modelPaths.test(path) &&
  (body?.media.some(({ view }) => modelMembers.some((name) => memberNames(view).has(name))) ?? false)

/** Members that an object of the view may have by name. */
export const memberNames = (view: View): ReadonlySet<string> => {
  const names = new Set<string>()
  for (const one of alternatives(view))
    if (one.type === 'object') for (const name of one.properties.keys()) names.add(name)
  return names
}
