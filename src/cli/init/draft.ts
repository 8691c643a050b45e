import { stringify } from 'yaml'

/** A mcpd.yaml that is to be written, with what it says to its readers. */
export interface Draft {
  /** Says where it comes from, in the first lines. */
  readonly about: readonly string[]
  readonly sections: readonly DraftSection[]
  readonly backends: readonly DraftEntry[]
  readonly groups: readonly DraftEntry[]
  /** What could not be written as settings, at the end. */
  readonly notes: readonly string[]
}

export interface DraftSection {
  readonly name: 'listen' | 'timeouts' | 'retries'
  readonly comments: readonly string[]
  readonly settings: Readonly<Record<string, unknown>>
  /** An example: written as a comment. */
  readonly isExample?: boolean
}

/** An item of a list. */
export interface DraftEntry {
  readonly comments: readonly string[]
  readonly entry: { readonly name: string } & Readonly<Record<string, unknown>>
  /** An example, or one that mcpd cannot serve: written as a comment. */
  readonly isExample?: boolean
}

/** YAML with comments. Whatever a draft says stays in its comment or its value, line breaks included. */
export const renderDraft = ({ about, sections, backends, groups, notes }: Draft): string => {
  const parts = [
    comment([...about, ...footing]),
    ...sections.map(renderSection),
    renderList('backends', backends),
    ...(groups.length === 0 ? [] : [renderList('groups', groups)]),
    ...(notes.length === 0 ? [] : [comment(notes)]),
  ]
  return `${parts.join('\n\n')}\n`
}

const footing = [
  'Every setting, for editors: mcpd config schema. Whether this file is right: mcpd config validate.',
  'A running daemon reads it again when it changes. Secrets are references: ${env:NAME} or ${file:/path}.',
]

const renderSection = ({ name, comments, settings, isExample }: DraftSection): string => {
  const body = `${name}:\n${indent(stringify(settings, yamlOptions).trimEnd(), '  ')}`
  return lines(comment(comments), isExample ? commentOut(body) : body)
}

/** Examples stay comments to the last line, so that taking the marks away is all that is needed. */
const renderList = (name: string, entries: readonly DraftEntry[]): string => {
  const anyReal = entries.some(({ isExample }) => !isExample)
  const items = entries.map(({ comments, entry, isExample }) => {
    const item = stringify([entry], yamlOptions).trimEnd()
    return indent(lines(comment(comments), isExample ? commentOut(item) : item), '  ')
  })
  return [anyReal ? `${name}:` : `# ${name}:`, ...items.flatMap((item) => ['', item]).slice(1)].join('\n')
}

const yamlOptions = { lineWidth: 0, singleQuote: true, indentSeq: true } as const

const lines = (...blocks: readonly string[]): string => blocks.filter((block) => block !== '').join('\n')
const indent = (text: string, by: string): string => text.replaceAll(/^(?=.)/gm, by)
const commentOut = (text: string): string => text.replaceAll(/^/gm, '# ')

/** Everything that YAML or an editor takes for the end of a line, and what else would not print. */
// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const breaks = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]+/g

const comment = (texts: readonly string[]): string =>
  texts.map((text) => `# ${text.replaceAll(breaks, ' ')}`.trimEnd()).join('\n')
