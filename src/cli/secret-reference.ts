import { readFileSync } from 'node:fs'
import { McpdError } from '../core/errors.ts'

/** How flags that lead to a secret are shown in help; the secret itself would show in the process list. */
export const secretHelpValue = 'env:NAME|file:PATH'

/** What `env:NAME` or `file:PATH` leads to. Throws USAGE, without repeating what was given. */
export const readSecret = (reference: string, flag: string, env: NodeJS.ProcessEnv): string => {
  const colon = reference.indexOf(':')
  const kind = reference.slice(0, Math.max(colon, 0))
  const name = reference.slice(colon + 1)
  if (kind === 'env') {
    const value = Object.hasOwn(env, name) ? env[name] : undefined
    if (value) return value
    throw new McpdError('USAGE', `${flag}: the environment has no ${name}.`)
  }
  if (kind === 'file') {
    try {
      return readFileSync(name, 'utf8').trimEnd()
    } catch (error) {
      throw new McpdError('USAGE', `${flag}: ${name} cannot be read.`, {}, error)
    }
  }
  throw new McpdError(
    'USAGE',
    `${flag} takes env:NAME or file:PATH; a secret would show in the process list.`,
  )
}
