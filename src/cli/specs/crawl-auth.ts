import type { SpecAuth } from '../../core/spec-config.ts'
import { McpdError } from '../../core/errors.ts'
import { readSecret } from '../secret-reference.ts'

export interface AuthFlags {
  readonly 'token-from'?: string | undefined
  readonly 'token-header'?: string | undefined
  readonly user?: string | undefined
  readonly 'password-from'?: string | undefined
}

/** Credentials of the command line; secrets are references, since flags show in the process list. Throws USAGE. */
export const authOfFlags = (flags: AuthFlags, env: NodeJS.ProcessEnv): SpecAuth | undefined => {
  const { 'token-from': token, user, 'password-from': password } = flags
  if (token !== undefined && user !== undefined)
    throw new McpdError('USAGE', 'Use --token-from, or --user with --password-from, not both.')
  if (user !== undefined)
    return {
      kind: 'basic',
      username: user,
      password: password === undefined ? '' : readSecret(password, '--password-from', env),
    }
  if (token === undefined) return undefined
  const header = flags['token-header']
  return {
    kind: 'token',
    token: readSecret(token, '--token-from', env),
    ...(header !== undefined && { header }),
  }
}
