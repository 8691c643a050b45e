import type { Registry } from './registry.ts'
import { version } from './version.ts'

export interface BannerFacts {
  readonly url: string
  /** What was found on this machine. */
  readonly notes: readonly string[]
  readonly asksForKey: boolean
}

/** What `mcpd serve` says once it is ready: where it listens, what it serves, and a line to paste. */
export const banner = (registry: Registry, { url, notes, asksForKey }: BannerFacts): string => {
  const lines = [`mcpd ${version} listens on ${url}`, ...notes.map((note) => `  ${note}`), '']
  for (const { name, adapterType, models, health } of registry.backends) {
    const names = (models ?? []).map((model) => model.name)
    const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ` and ${names.length - 5} more` : '')
    lines.push(
      `  ${name} (${adapterType}): ${health.ok ? shown || 'no models' : `not ready, ${health.detail}`}`,
    )
    for (const model of models ?? []) if (model.description) lines.push(`    ${model.description}`)
  }
  const [first] = registry.list().filter(({ model }) => model.operations.includes('chat'))
  if (first) lines.push('', 'Try it:', `  ${curlLine(url, first.model.name, asksForKey)}`)
  return `${lines.join('\n')}\n`
}

const curlLine = (url: string, model: string, apiKey: boolean): string => {
  const body = JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Hello!' }] })
  const key = apiKey ? ` -H "authorization: Bearer $MCPD_API_KEY"` : ''
  return `curl -N ${url}/v1/chat/completions${key} -H 'content-type: application/json' -d '${body.replaceAll("'", String.raw`'\''`)}'`
}
