import type { Exchange } from './exchange.ts'
import type { Credentials } from './settings.ts'

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`
const bodyMaxCharacters = 20_000

/** A request as one command line that sends the same bytes; credentials are left to the environment. */
export const curlOf = ({ request }: Pick<Exchange, 'request'>, secrets: readonly string[]): string => {
  const words = ['curl', '-sS', '-i', '--path-as-is', '--globoff']
  if (request.method === 'HEAD') words.push('--head')
  else if (request.method !== 'GET' || request.body !== undefined) words.push('-X', request.method)
  for (const [name, value] of request.headers) {
    if (name === 'user-agent' || (name === 'accept' && value === '*/*')) continue
    const secret = secrets.find((each) => each !== '' && value.includes(each))
    words.push(
      '-H',
      secret === undefined
        ? quoted(value === '' ? `${name};` : `${name}: ${value}`)
        : `"${name}: ${value.replace(secret, '$MCPD_FUZZ_SECRET')}"`,
    )
  }
  // curl would choose a type of its own.
  if (request.body !== undefined && !request.headers.some(([name]) => name === 'content-type'))
    words.push('-H', quoted('content-type:'))
  words.push(quoted(request.url))
  const { body, bodyEncoding } = request
  if (body === undefined) return words.join(' ')
  const isPlain = bodyEncoding !== 'base64' && !body.includes('\u0000') && body.length <= bodyMaxCharacters
  if (isPlain) return `${words.join(' ')} --data-binary ${quoted(body.startsWith('@') ? ` ${body}` : body)}`
  const base64 = bodyEncoding === 'base64' ? body : Buffer.from(body).toString('base64')
  return `base64 -d <<< ${quoted(base64)} | ${words.join(' ')} --data-binary @-`
}

/** What must not be shown of credentials. */
export const secretsOf = (all: readonly (Credentials | undefined)[]): readonly string[] =>
  all.flatMap((each) => {
    if (!each) return []
    if (each.kind === 'bearer') return [each.token]
    if (each.kind === 'basic')
      return [Buffer.from(`${each.username}:${each.password}`).toString('base64'), each.password]
    return [each.value]
  })
