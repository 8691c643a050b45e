import { expect, it, onTestFinished } from 'vitest'
import { buildValidators } from '../../../../src/daemon/http/validators.ts'
import { startTestDaemon } from '../../../harness/daemon.ts'

const number = { type: 'object', properties: { size: { $ref: 'Size#' } } }

it('compiles a schema when the first value comes, with those of its scope', () => {
  const compile = buildValidators({ strict: false })({ Size: { $id: 'Size', type: 'integer' } })
  // Fastify gives the schema as a member of its place.
  const validate = compile({ schema: number })
  expect(validate({ size: 3 })).toBe(true)
  expect(validate({ size: 'x' })).toBe(false)
  expect(validate.errors).toEqual([expect.objectContaining({ instancePath: '/size', keyword: 'type' })])
  const broken = compile({ schema: { $ref: 'Nowhere#' } })
  expect(() => broken({})).toThrow(/Nowhere/)
})

it('can be compiled on every route', async () => {
  const daemon = await startTestDaemon('backends: []\n')
  onTestFinished(() => daemon.close())
  const { paths } = (await (await fetch(`${daemon.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>
  }
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase(), path.replaceAll(/\{[^}]+\}/g, 'x')] as const),
  )
  const headers = { 'content-type': 'application/json' }
  const failed = await Promise.all(
    routes.map(async ([method, path]) => {
      const body = method === 'GET' || method === 'DELETE' ? undefined : '{}'
      const { status } = await fetch(daemon.url + path, { method, ...(body && { headers, body }) })
      return status === 500 ? [`${method} ${path}`] : []
    }),
  )
  expect(failed.flat()).toEqual([])
  expect(routes.length).toBeGreaterThan(50)
})
