import type { BackendEntry } from '../../core/config-schema.ts'
import type { Found } from '../../discovery/discover.ts'
import { runtimes } from '../../discovery/runtimes.ts'
import { uniquelyNamed } from '../../discovery/unique-names.ts'
import type { Draft, DraftEntry } from './draft.ts'

/** Where a runtime is by habit, and who speaks to it; for those that were not found. */
const usualUrls: Readonly<Record<string, string>> = {
  ollama: 'http://127.0.0.1:11434',
  llamacpp: 'http://127.0.0.1:8080/v1',
  vllm: 'http://127.0.0.1:8000/v1',
  lmstudio: 'http://127.0.0.1:1234/v1',
  tgi: 'http://127.0.0.1:3000/v1',
}

/**
 * A config that serves what was found, with examples of what was not. `adapters` are those that mcpd has; undefined
 * for `found` says that nobody has looked.
 */
export const discoveredDraft = (found: readonly Found[] | undefined, adapters: readonly string[]): Draft => {
  const real = uniquelyNamed((found ?? []).map(entryOf))
  const names = new Set((found ?? []).map(({ runtime }) => runtime.name))
  const missing = runtimes.filter(
    ({ name, adapter }) =>
      adapter !== undefined &&
      adapters.includes(adapter) &&
      !names.has(name) &&
      usualUrls[name] !== undefined,
  )
  return {
    about: ['mcpd.yaml, written by "mcpd init": what mcpd serves, and how.'],
    sections: exampleSections,
    backends: [
      ...real.map((entry, index) => foundBackend(found![index]!, entry, adapters)),
      ...missing.map(({ name, title, adapter }, index): DraftEntry => ({
        comments: [
          ...(index === 0 ? [exampleWords(found)] : []),
          `${title}${name === 'vllm' ? ', with a key' : ''}`,
        ],
        entry: {
          name,
          adapter: adapter!,
          url: usualUrls[name],
          ...(name === 'vllm' && { apiKey: '${env:VLLM_API_KEY}', concurrency: 32 }),
        },
        isExample: true,
      })),
      {
        comments: ['A GGUF file, run inside mcpd: mcpd adapter install embedded'],
        entry: { name: 'local', adapter: 'embedded', model: '/path/to/model.gguf' },
        isExample: true,
      },
    ],
    groups: [],
    notes: [],
  }
}

const exampleWords = (found: readonly Found[] | undefined): string =>
  found === undefined
    ? 'Examples. Take the marks away from what runs here, and correct its address.'
    : 'Not found on this machine. Take the marks away from what runs elsewhere, and correct its address.'

type Entry = BackendEntry & Readonly<Record<string, unknown>>

const entryOf = ({ runtime, url }: Found): Entry => ({
  name: runtime.name,
  adapter: runtime.adapter ?? runtime.name,
  url,
})

const foundBackend = (
  { runtime, version, url }: Found,
  entry: Entry,
  adapters: readonly string[],
): DraftEntry => {
  const what = `${runtime.title}${version === '' ? '' : ` ${version}`}`
  return adapters.includes(entry.adapter ?? '')
    ? { comments: [`${what}, found on this machine.`], entry }
    : {
        comments: [`${what} was found at ${url}; mcpd has no adapter for it yet.`],
        entry,
        isExample: true,
      }
}

const exampleSections: Draft['sections'] = [
  {
    name: 'listen',
    comments: ['Where mcpd listens. Any host but a loopback one needs a key, which clients send as Bearer.'],
    settings: { host: '127.0.0.1', port: 6273, apiKey: '${env:MCPD_KEY}' },
    isExample: true,
  },
  {
    name: 'timeouts',
    comments: ['The longest waits; backends may have their own.'],
    settings: { queue: '30s', firstToken: '5m', idle: '2m', total: '30m' },
    isExample: true,
  },
]
