import { request } from 'undici'
import { type Runtime, runtimes, usualPorts } from './runtimes.ts'

/** A runtime that answered on this machine. */
export interface Found {
  readonly runtime: Runtime
  /** Base URL as its adapter wants it. */
  readonly url: string
  /** '' when it does not say. */
  readonly version: string
}

const answerMaxMs = 300
const answerMaxBytes = 1024 * 1024

/** Looks on loopback for runtimes at their usual ports: GET only, all at once, 300 ms each. Never throws. */
export const discover = async (ports: readonly number[] = usualPorts): Promise<readonly Found[]> => {
  const found = await Promise.all(ports.map((port) => identify(`http://127.0.0.1:${port}`)))
  return found.filter((one) => one !== undefined)
}

/** The runtime that answers at `http://host:port`, undefined when it is none that is known. Never throws. */
export const identify = async (origin: string, patienceMs = answerMaxMs): Promise<Found | undefined> => {
  const answers = await Promise.all(
    runtimes.map(async (runtime) => {
      const version = await ask(origin, runtime, patienceMs)
      return version === undefined ? undefined : { runtime, url: origin + runtime.basePath, version }
    }),
  )
  return answers.find((answer) => answer !== undefined)
}

const ask = async (origin: string, { probe }: Runtime, patienceMs: number): Promise<string | undefined> => {
  try {
    const { statusCode, headers, body } = await request(origin + probe.path, {
      signal: AbortSignal.timeout(patienceMs),
    })
    // A daemon of ours speaks the dialects of others too.
    if (
      String(headers['server']).startsWith('mcpd') ||
      Number(headers['content-length'] ?? 0) > answerMaxBytes
    ) {
      await body.dump({ limit: answerMaxBytes })
      return undefined
    }
    let text = ''
    for await (const chunk of body) {
      text += String(chunk)
      if (text.length > answerMaxBytes) return undefined
    }
    return probe.recognise({ status: statusCode, json: parseOrUndefined(text) })
  } catch {
    // Refused, silent, cut, or no HTTP: nothing of ours is there.
    return undefined
  }
}

const parseOrUndefined = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
