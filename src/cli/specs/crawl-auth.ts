import type { SpecAuth } from '../../core/spec-config.ts'
import { McpdError } from '../../core/errors.ts'
import { reference } from '../../core/load-config.ts'
import { readFileSync } from 'node:fs'

export interface AuthFlags {
  readonly token?: string | undefined
  readonly 'token-header'?: string | undefined
  readonly user?: string | undefined
  readonly password?: string | undefined
}

/** Credentials of the command line; secrets are references, since flags show in the process list. Throws USAGE. */
export const authOfFlags = (flags: AuthFlags, env: NodeJS.ProcessEnv): SpecAuth | undefined => {
  const { token, user, password } = flags
  if (token !== undefined && user !== undefined)
    throw new McpdError('USAGE', 'Use --token, or --user with --password, not both.')
  if (user !== undefined)
    return {
      kind: 'basic',
      username: user,
      password: password === undefined ? '' : follow(password, '--password', env),
    }
  if (token === undefined) return undefined
  const header = flags['token-header']
  return { kind: 'token', token: follow(token, '--token', env), ...(header !== undefined && { header }) }
}

const follow = (text: string, flag: string, env: NodeJS.ProcessEnv): string => {
  if (text.replaceAll(reference, '').trim() !== '' || text.trim() === '')
    throw new McpdError(
      'USAGE',
      `${flag} would show in the process list; write '\${env:NAME}' or '\${file:/path}'.`,
    )
  return text.replaceAll(reference, (_, kind: string, name: string) => {
    if (kind === 'env') {
      const value = env[name]
      if (value === undefined) throw new McpdError('USAGE', `${flag}: the environment has no ${name}.`)
      return value
    }
    try {
      return readFileSync(name, 'utf8').trimEnd()
    } catch (error) {
      throw new McpdError('USAGE', `${flag}: ${name} cannot be read.`, {}, error)
    }
  })
}
