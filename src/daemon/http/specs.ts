import type { FastifyInstance } from 'fastify'
import { McpdError } from '../../core/errors.ts'
import type { CrawlOutcome } from '../../crawler/outcome.ts'
import { noSpec, selectVersion } from '../../crawler/snapshots/select.ts'
import { type SpecSummary, summarise } from '../../crawler/snapshots/summary.ts'
import type { Specs } from '../specs.ts'
import { answers, problem } from './documented.ts'
import { specSchemas } from './spec-schemas.ts'

const params = (...names: readonly ('spec' | 'version' | 'type')[]) => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string', description: words[name] }])),
})
const words = {
  spec: 'Name of the spec.',
  version: 'A number, newest, accepted, first, previous, info.version, or the beginning of a hash.',
  type: 'Type of the adapter, such as ollama.',
}
const document = (description: string) => ({
  description,
  content: { 'application/json': { schema: { type: 'object', additionalProperties: true } } },
})

/** `/mcp/v1/specs…`: the documents that are watched and their versions; and what each adapter relies on. */
export const specSurface =
  (specs: Specs) =>
  (app: FastifyInstance): void => {
    for (const schema of specSchemas) app.addSchema(schema)
    addSpecs(app, specs)
    addVersions(app, specs)
    addChanges(app, specs)
    addAdapterDocuments(app)
  }

const addSpecs = (app: FastifyInstance, specs: Specs): void => {
  const known = async (): Promise<readonly string[]> =>
    [
      ...new Set([...specs.config().specs.sources.map(({ name }) => name), ...(await specs.store.names())]),
    ].toSorted()

  const describe = async (name: string): Promise<object> => {
    const source = specs.config().specs.sources.find((each) => each.name === name)
    return describeSpec(name, source?.everyMs, await summarise(specs.store, name), specs.outcomes.get(name))
  }

  app.get(
    '/mcp/v1/specs',
    {
      schema: {
        tags: ['Specs'],
        operationId: 'listSpecs',
        summary: 'The documents whose versions are kept',
        response: { 200: answers('SpecList', 'The specs, by name.'), ...problem },
      },
    },
    async () => ({ specs: await Promise.all((await known()).map(describe)) }),
  )

  app.get<{ Params: { spec: string } }>(
    '/mcp/v1/specs/:spec',
    {
      schema: {
        tags: ['Specs'],
        operationId: 'getSpec',
        summary: 'One of them',
        params: params('spec'),
        response: { 200: answers('Spec', 'The spec.'), ...problem },
      },
    },
    async ({ params: { spec } }) => {
      const names = await known()
      if (!names.includes(spec)) throw noSpec(spec, names, specs.store.path)
      return describe(spec)
    },
  )
}

const addVersions = (app: FastifyInstance, { store }: Specs): void => {
  app.get<{ Params: { spec: string } }>(
    '/mcp/v1/specs/:spec/versions',
    {
      schema: {
        tags: ['Specs'],
        operationId: 'listSpecVersions',
        summary: 'Its versions, oldest first',
        params: params('spec'),
        response: { 200: answers('SpecVersionList', 'The versions.'), ...problem },
      },
    },
    async ({ params: { spec } }) => {
      const { records } = await selectVersion(store, `${spec}@newest`)
      const [versions, accepted] = await Promise.all([records.versions(), records.accepted()])
      return { versions, accepted: accepted?.number ?? null }
    },
  )

  app.get<{ Params: { spec: string; version: string } }>(
    '/mcp/v1/specs/:spec/versions/:version',
    {
      schema: {
        tags: ['Specs'],
        operationId: 'getSpecVersion',
        summary: 'What is known of a version',
        params: params('spec', 'version'),
        response: { 200: answers('SpecVersion', 'The version.'), ...problem },
      },
    },
    async ({ params: { spec, version } }) => (await selectVersion(store, `${spec}@${version}`)).version,
  )

  app.get<{ Params: { spec: string; version: string } }>(
    '/mcp/v1/specs/:spec/versions/:version/document',
    {
      schema: {
        tags: ['Specs'],
        operationId: 'getSpecDocument',
        summary: 'The document of a version, as OpenAPI 3.1',
        params: params('spec', 'version'),
        response: { 200: document('The document, members sorted by name.'), ...problem },
      },
    },
    async ({ params: { spec, version } }, reply) => {
      const { records, version: found } = await selectVersion(store, `${spec}@${version}`)
      return reply.type('application/json; charset=utf-8').send(Buffer.from(await records.canonical(found)))
    },
  )
}

/** A comparison holds up everything else in the daemon while it lasts. */
const comparedMaxBytes = 2 * 2 ** 20

const addChanges = (app: FastifyInstance, { store }: Specs): void => {
  app.get<{ Params: { spec: string }; Querystring: { base?: string; revision?: string } }>(
    '/mcp/v1/specs/:spec/changes',
    {
      schema: {
        tags: ['Specs'],
        operationId: 'getSpecChanges',
        summary: 'What changed, and which adapters rely on it',
        description: 'From the accepted version to the newest, unless the query says otherwise.',
        params: params('spec'),
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: {
            base: { type: 'string', description: 'A version; default accepted.' },
            revision: { type: 'string', description: 'A version; default newest.' },
          },
        },
        response: { 200: answers('SpecChanges', 'The changes.'), ...problem },
      },
    },
    async ({ params: { spec }, query }) => {
      const { records, version: base } = await selectVersion(store, `${spec}@${query.base ?? 'accepted'}`)
      const { version: revision } = await selectVersion(store, `${spec}@${query.revision ?? 'newest'}`)
      if (base.bytes + revision.bytes > comparedMaxBytes)
        throw new McpdError(
          'REQUEST_TOO_LARGE',
          'The documents are too large to be compared in the daemon.',
          {
            suggestions: [
              `Compare them outside of it: mcpd diff ${spec}@${base.number} ${spec}@${revision.number}`,
            ],
          },
        )
      const [{ changesBetween }, { adapterUses }] = await Promise.all([
        import('../../crawler/changes.ts'),
        import('./adapter-apis.ts'),
      ])
      return changesBetween(records, [base, revision], adapterUses(), Date.now())
    },
  )
}

const addAdapterDocuments = (app: FastifyInstance): void => {
  app.get<{ Params: { type: string } }>(
    '/mcp/v1/adapters/:type/openapi.json',
    {
      schema: {
        tags: ['Specs'],
        operationId: 'getAdapterOpenApi',
        summary: 'The part of a runtime’s API that an adapter relies on',
        params: params('type'),
        response: { 200: document('OpenAPI 3.1, written by mcpd.'), ...problem },
      },
    },
    async ({ params: { type } }) => {
      const { adapterApis } = await import('./adapter-apis.ts')
      if (Object.hasOwn(adapterApis, type)) return adapterApis[type]
      throw new McpdError('ADAPTER_NOT_FOUND', `There is no document for an adapter "${type}".`, {
        suggestions: [`There is one for ${Object.keys(adapterApis).join(' and ')}.`],
      })
    },
  )
}

const describeSpec = (
  name: string,
  everyMs: number | undefined,
  summary: SpecSummary | undefined,
  outcome: CrawlOutcome | undefined,
): object => ({
  name,
  versions: summary?.versions ?? 0,
  ...(everyMs !== undefined && { everyMs }),
  ...(summary && { newest: summary.newest }),
  ...(summary?.accepted && { accepted: summary.accepted.number }),
  ...(summary?.seenAt !== undefined && { seenAt: summary.seenAt }),
  ...(summary?.pending && { pending: { since: summary.pending.since, removed: summary.pending.removed } }),
  ...(outcome && {
    lastLook: {
      outcome: outcome.outcome,
      ...(outcome.problem && { code: outcome.problem.code, message: outcome.problem.message }),
    },
  }),
})
