import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const root = new URL('../../../', import.meta.url)
const script = (then: string): string => `
  import { createRequire } from 'node:module'
  const { adapterModules } = await import('${new URL('src/daemon/adapter-code.ts', root).href}')
  await import('${new URL('src/daemon/surfaces.ts', root).href}')
  ${then}
  const loaded = Object.keys(createRequire(import.meta.url).cache)
  console.log(loaded.some((file) => file.includes('@grpc')))`

const isLoaded = async (then: string): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script(then)])
  return stdout.trim()
}

it('a daemon loads the library of gRPC when a backend needs it, and not before', async () => {
  expect(await isLoaded('')).toBe('false')
  const make = `
    const host = { name: 'x', log() {}, connect() {} }
    const adapter = adapterModules.find(({ type }) => type === 'grpc').create({ address: '127.0.0.1:1' }, host)
    await adapter.health(AbortSignal.timeout(5000))
    await adapter.close()`
  expect(await isLoaded(make)).toBe('true')
})
