import type { FuzzLogin } from '../../core/fuzz-config.ts'
import { McpdError } from '../../core/errors.ts'
import type { LogIn } from '../../fuzz/settings.ts'
import type { Json } from '../../openapi/json.ts'
import { valueAt } from '../../openapi/pointer.ts'
import { createWireClient } from '../../fuzz/wire/client.ts'
import type { GuardedTarget } from './target.ts'

const answerMaxMs = 30_000

/** Asks the target for credentials as the config says. Throws UNAUTHENTICATED, without what was sent. */
export const logInBy =
  (
    { path, method = 'POST', body, answer = '/token', header }: FuzzLogin,
    { url, lookup }: GuardedTarget,
  ): LogIn =>
  async (signal) => {
    await using client = createWireClient({ url, connections: 1, now: () => performance.now(), lookup })
    const base = url.href.replace(/[?#].*$/, '').replace(/\/$/, '')
    const { response, failure } = await client.send(
      'login',
      {
        method,
        url: base + path,
        headers: [
          ['accept', 'application/json'],
          ...(body ? [['content-type', 'application/json'] as const] : []),
        ],
        ...(body && { body: JSON.stringify(body) }),
      },
      { totalMaxMs: answerMaxMs, signal },
    )
    if (!response || response.status >= 300)
      throw new McpdError(
        'UNAUTHENTICATED',
        `Logging in at ${path} failed: ${failure?.message ?? `answered ${response?.status}`}.`,
      )
    const value = valueOf(response.body, answer)
    if (typeof value !== 'string' || value === '')
      throw new McpdError('UNAUTHENTICATED', `The answer of ${path} has no text at ${answer}.`, {
        suggestions: ['Say where the token is: fuzz.login.answer'],
      })
    return header === undefined ? { kind: 'bearer', token: value } : { kind: 'header', name: header, value }
  }

const valueOf = (body: string, pointer: string): Json | undefined => {
  try {
    return valueAt(JSON.parse(body) as Json, pointer)
  } catch {
    return undefined
  }
}
