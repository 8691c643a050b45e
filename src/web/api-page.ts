/** The API for people: one page without scripts, made from the OpenAPI document. */

interface Operation {
  readonly summary?: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly description?: string
  }[]
  readonly requestBody?: { readonly content?: Readonly<Record<string, MediaType>> }
  readonly responses?: Readonly<Record<string, Response>>
}

interface Response {
  readonly description?: string
  readonly content?: Readonly<Record<string, MediaType>>
}

interface MediaType {
  readonly schema?: Schema
}

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
}

interface Document {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> }
}

const style = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent) }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1.5rem }
code, .path { font-family: ui-monospace, monospace; font-size: .92em; overflow-wrap: anywhere }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line) }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .4rem .8rem }
summary { cursor: pointer }
summary .method { display: inline-block; min-width: 4.5em; font-weight: 700 }
table { border-collapse: collapse; width: 100% }
td { border-top: 1px solid var(--line); padding: .25rem .75rem .25rem 0; vertical-align: top }
td:first-child { white-space: nowrap }
.note { opacity: .75 }
`

export const renderApiPage = (source: object): string => {
  const document = source as Document
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const groups = Map.groupBy(operations, ({ operation }) => operation.tags?.[0] ?? 'Other')
  const { title, version, description = '' } = document.info
  const sections = [...groups].map(
    ([tag, members]) => `<h2>${escape(tag)}</h2>${members.map(renderOperation).join('')}`,
  )
  const schemas = Object.entries(document.components?.schemas ?? {}).map(
    ([name, schema]) =>
      `<details id="${escape(name)}"><summary><code>${escape(name)}</code> <span class="note">${escape(
        schema.description ?? '',
      )}</span></summary>${renderMembers(schema)}</details>`,
  )
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(title)} ${escape(version)}</title><style>${style}</style></head><body>
<h1>${escape(title)} ${escape(version)}</h1><p>${escape(description)} Machine-readable: <a href="/openapi.json">/openapi.json</a>.</p>
${sections.join('\n')}<h2>Schemas</h2>${schemas.join('\n')}</body></html>`
}

const renderOperation = (entry: { path: string; method: string; operation: Operation }): string => {
  const { path, method, operation } = entry
  const parameters = (operation.parameters ?? []).map(
    ({ name, in: place, description = '' }) =>
      `<tr><td><code>${escape(name)}</code></td><td>${escape(place)}</td><td>${escape(description)}</td></tr>`,
  )
  const body = Object.entries(operation.requestBody?.content ?? {}).map(
    ([type, media]) => `<p>Body, ${escape(type)}: ${typeOf(media.schema)}</p>`,
  )
  const responses = Object.entries(operation.responses ?? {}).map(
    ([status, { description = '', content = {} }]) => {
      const types = Object.entries(content).map(([type, media]) => `${escape(type)}: ${typeOf(media.schema)}`)
      return `<tr><td><code>${escape(status)}</code></td><td>${escape(description)}</td><td>${types.join('<br>')}</td></tr>`
    },
  )
  return `<details><summary><span class="method">${escape(method.toUpperCase())}</span> <span class="path">${escape(path)}</span> <span class="note">${escape(
    operation.summary ?? '',
  )}</span></summary><p>${escape(operation.description ?? '')}</p>${
    parameters.length > 0 ? `<table>${parameters.join('')}</table>` : ''
  }${body.join('')}<table>${responses.join('')}</table></details>`
}

const renderMembers = (schema: Schema): string => {
  if (schema.anyOf && !schema.properties)
    return schema.anyOf.map(renderMembers).join('<p class="note">or</p>')
  const required = new Set(schema.required)
  const rows = Object.entries(schema.properties ?? {}).map(
    ([name, member]) =>
      `<tr><td><code>${escape(name)}</code>${required.has(name) ? '' : ' <span class="note">optional</span>'}</td><td>${typeOf(
        member,
      )}</td><td>${escape(member.description ?? '')}</td></tr>`,
  )
  return rows.length > 0 ? `<table>${rows.join('')}</table>` : `<p>${typeOf(schema)}</p>`
}

/** A type in a few words, with links to the schemas it names. */
const typeOf = (schema: Schema | undefined): string => {
  if (!schema) return 'anything'
  if (schema.$ref !== undefined) {
    const name = escape(schema.$ref.split('/').at(-1) ?? '')
    return `<a href="#${name}"><code>${name}</code></a>`
  }
  if (schema.const !== undefined) return `<code>${escape(JSON.stringify(schema.const))}</code>`
  if (schema.enum)
    return schema.enum.map((value) => `<code>${escape(JSON.stringify(value))}</code>`).join(' or ')
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(' or ')
  if (schema.items) return `list of ${typeOf(schema.items)}`
  return escape([schema.type ?? 'anything'].flat().join(' or '))
}

const escape = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c] ?? c)
