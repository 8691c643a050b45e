import { McpdError } from '../../core/errors.ts'
import type { Credentials } from '../../fuzz/settings.ts'
import { readSecret } from '../secret-reference.ts'

/** `bearer:TOKEN`, `basic:USER:PASS` or `header:NAME=VALUE`. Throws USAGE, without repeating what was given. */
export const readCredentials = (text: string, flag: string, env: NodeJS.ProcessEnv): Credentials => {
  const secret = (value: string): string =>
    /^(env|file):/.test(value) ? readSecret(value, flag, env) : value
  const [, kind = '', rest = ''] = /^(bearer|basic|header):(.+)$/s.exec(text) ?? []
  if (kind === 'bearer') return { kind, token: secret(rest) }
  const [, left = '', right = ''] =
    (kind === 'basic' ? /^([^:]*):(.*)$/s : /^([A-Za-z0-9!#$%&'*+.^_`|~-]+)=(.*)$/s).exec(rest) ?? []
  if (kind === 'basic' && rest.includes(':')) return { kind, username: left, password: secret(right) }
  if (kind === 'header' && left !== '') return { kind, name: left, value: secret(right) }
  throw new McpdError('USAGE', `${flag} takes bearer:TOKEN, basic:USER:PASS or header:NAME=VALUE.`)
}

/** `Name: value`. Throws USAGE. */
export const readHeader = (text: string): readonly [string, string] => {
  const [, name, value] = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):\s*(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined)
    throw new McpdError('USAGE', 'A --header is written as "Name: value".')
  return [name, value]
}
