import { setTimeout as wait } from 'node:timers/promises'
import type { Operation } from './api/operation.ts'
import type { Call } from './call.ts'
import type { Exchange, WireRequest } from './exchange.ts'
import type { SendOptions } from './session.ts'
import type { FuzzSettings } from './settings.ts'
import type { WireClient } from './wire/client.ts'
import { identityHeaders } from './wire/identity.ts'
import { serialise } from './wire/serialise.ts'

/** Sends calls within the limits of the run: rate, quotas of the target, credentials, hooks. */
export interface Sender {
  send(operation: Operation, call: Call, options?: SendOptions): Promise<Exchange>
  readonly requests: () => number
}

export interface SenderOptions {
  readonly settings: FuzzSettings
  readonly client: WireClient
  readonly now: () => number
  readonly signal: AbortSignal
}

/** A quota is waited for so often, and so long each time. */
const quotaTriesMax = 3
const quotaWaitMaxMs = 5000

export const createSender = ({ settings, client, now, signal }: SenderOptions): Sender => {
  let count = 0
  let nextAt = 0
  const paused = new Map<string, number>()
  let { first, second } = settings
  let refreshing: Promise<void> | undefined

  const turn = async (operation: Operation, stop: AbortSignal): Promise<void> => {
    const gapMs = 1000 / settings.ratePerSecond
    const at = Math.max(now(), paused.get(operation.key) ?? 0, gapMs > 0 ? nextAt : 0)
    if (gapMs > 0) nextAt = at + gapMs
    if (at > now()) await wait(at - now(), undefined, { signal: stop }).catch(() => undefined)
  }

  const refresh = (): Promise<void> => {
    refreshing ??= (async () => {
      try {
        if (settings.logIn) first = await settings.logIn(signal)
        if (settings.logInSecond) second = await settings.logInSecond(signal)
      } catch {
        // The old credentials are kept; the answers say that they are not taken.
      } finally {
        refreshing = undefined
      }
    })()
    return refreshing
  }

  const request = async (operation: Operation, call: Call): Promise<WireRequest> => {
    const { method, target, headers, body, bodyEncoding } = serialise(operation, call)
    const own = new Set((call.extraHeaders ?? []).map(([name]) => name.toLowerCase()))
    const identity = identityHeaders(call.identity, { first, second }, operation)
    const given = [
      ...settings.headers.map(([name, value]) => [name.toLowerCase(), value] as const),
      ...identity,
    ].filter(([name]) => !own.has(name))
    const base = settings.url.href.replace(/[?#].*$/, '').replace(/\/$/, '')
    const made = {
      method,
      // Two slashes lead out of the base.
      url: target.startsWith('///') ? settings.url.origin + target.slice(2) : base + target,
      headers: [
        ['user-agent', 'mcpd-fuzz'] as const,
        ...headers.filter(([name]) => !given.some(([each]) => each === name)),
        ...given,
      ],
      ...(body !== undefined && { body, ...(bodyEncoding === 'base64' && { bodyEncoding }) }),
    }
    if (!settings.hooks.beforeRequest) return made
    const {
      method: changedMethod,
      url,
      headers: changedHeaders,
      body: changedBody,
    } = await settings.hooks.beforeRequest({ operation: operation.key, ...made })
    return {
      method: changedMethod,
      url,
      headers: changedHeaders,
      ...(changedBody !== undefined && { body: changedBody }),
    }
  }

  const send = async (operation: Operation, call: Call, options: SendOptions = {}): Promise<Exchange> => {
    const stop = options.signal ?? signal
    for (let tries = 0; ; tries++) {
      if (paused.size > 0 || settings.ratePerSecond !== Infinity) await turn(operation, stop)
      const wire = await request(operation, call)
      count++
      const exchange = await client.send(operation.key, wire, {
        totalMaxMs: operation.isModel ? settings.modelAnswerMaxMs : settings.answerMaxMs,
        signal: stop,
        ...(options.cutAfterBytes !== undefined && { cutAfterBytes: options.cutAfterBytes }),
      })
      const { response } = exchange
      if (response && settings.hooks.afterResponse)
        await settings.hooks.afterResponse({ operation: operation.key, ...wire }, response)
      if (
        response?.status === 401 &&
        call.identity === 'first' &&
        settings.logIn &&
        tries === 0 &&
        !options.signal
      ) {
        await refresh()
        continue
      }
      const isQuota =
        response &&
        (response.status === 429 || response.status === 503) &&
        response.headers['retry-after'] !== undefined
      if (!isQuota || tries >= quotaTriesMax || stop.aborted) return exchange
      const seconds = Number(response.headers['retry-after'] ?? 1)
      paused.set(
        operation.key,
        now() + Math.min(quotaWaitMaxMs, Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : 1000),
      )
    }
  }
  return { send, requests: () => count }
}
