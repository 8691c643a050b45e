import type { TSchema } from 'typebox'
import type { Adapter, AdapterModule } from '../../core/adapter.ts'
import { McpdError } from '../../core/errors.ts'
import { operations } from '../../core/inference.ts'
import { checkLater, compile } from '../../core/schema-check.ts'

/** Adapter code that mcpd did not bring is held to the interface before it is given anything to do. */

const invalid = (message: string, cause?: unknown): McpdError =>
  new McpdError(
    'CONFIG_INVALID',
    message,
    { suggestions: ['docs/adapters.md says what a module exports.'] },
    cause,
  )

const typePattern = /^[a-z][a-z0-9-]{0,63}$/

/** The default export of a module as an AdapterModule. `name` is how people know it. Throws CONFIG_INVALID. */
export const requireModule = (exported: unknown, name: string): AdapterModule => {
  if (typeof exported !== 'object' || exported === null)
    throw invalid(`${name} has no default export of an adapter module.`)
  const { type, description = '', host = 'module', options = {}, create } = exported as Partial<AdapterModule>
  if (typeof type !== 'string' || !typePattern.test(type))
    throw invalid(`${name} has no type: a name of lower-case letters, digits and hyphens.`)
  if (typeof description !== 'string') throw invalid(`${name} has a description that is no text.`)
  if (host !== 'module' && host !== 'sidecar')
    throw invalid(`${name} wants the host "${String(host)}"; there are module and sidecar.`)
  if (typeof options !== 'object' || options === null)
    throw invalid(`${name} has options that are no JSON Schema.`)
  if (typeof create !== 'function') throw invalid(`${name} has no function create.`)
  const module: AdapterModule = {
    type,
    description,
    host,
    options,
    // Called on the export itself, should it be an instance of something.
    create: (given, adapterHost) => (exported as AdapterModule).create(given, adapterHost),
  }
  compileOptions(module)
  return module
}

const compileOptions = ({ options, type }: AdapterModule) => {
  try {
    return compile(options)
  } catch (error) {
    throw invalid(`The options of the adapter ${type} are no JSON Schema.`, error)
  }
}

/** What is wrong with a backend's options: a JSON pointer into them and words; undefined when nothing is. */
export const optionsProblem = (
  module: Pick<AdapterModule, 'options' | 'type'> & { readonly options: TSchema },
  options: unknown,
): { readonly pointer: string; readonly message: string } | undefined => {
  const check = checkLater(module.options)
  if (check.Check(options)) return undefined
  const [first] = check.Errors(options)
  const pointer = first?.instancePath ?? ''
  const what = first?.keyword === 'boolean' ? 'is not a setting of this adapter' : first?.message
  return { pointer, message: `${pointer.slice(1) || module.type} ${what}.` }
}

/** Throws CONFIG_INVALID with what is wrong with the options. */
export const requireOptions = (module: AdapterModule, options: unknown): void => {
  const problem = optionsProblem(module, options)
  if (problem) throw new McpdError('CONFIG_INVALID', problem.message)
}

/** What `create` returned as an Adapter. Throws CONFIG_INVALID. */
export const requireAdapter = (made: unknown, name: string): Adapter => {
  if (typeof made !== 'object' || made === null) throw invalid(`${name} was created as nothing.`)
  const adapter = made as Partial<Adapter>
  if (adapter.specVersion !== 1)
    throw invalid(`${name} has specVersion ${String(adapter.specVersion)}; this mcpd knows version 1.`)
  for (const method of ['infer', 'models', 'health', 'close'] as const)
    if (typeof adapter[method] !== 'function') throw invalid(`${name} has no method ${method}.`)
  if (!Array.isArray(adapter.operations) || !adapter.operations.every((one) => operations.includes(one)))
    throw invalid(`${name} must list its operations, of ${operations.join(', ')}.`)
  return made as Adapter
}
