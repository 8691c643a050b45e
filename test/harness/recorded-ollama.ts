import { readdirSync, readFileSync } from 'node:fs'

/** An exchange with a real Ollama, as fixtures/streams/ollama/README.md explains. */
export interface RecordedExchange {
  readonly recorded: string
  readonly request: {
    readonly method: string
    readonly path: string
    readonly body?: Record<string, unknown>
  }
  readonly response: { readonly status: number; readonly contentType: string; readonly body: string }
}

const folder = new URL('../../fixtures/streams/ollama/', import.meta.url)

export const recordedNames = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length))

export const recorded = (name: string): RecordedExchange =>
  JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as RecordedExchange

/** Whole answers that were also recorded as a stream. */
export const recordedPairs = recordedNames
  .filter((name) => name.endsWith('-stream') && recordedNames.includes(name.replace(/stream$/, 'whole')))
  .map((name) => name.replace(/-stream$/, ''))
