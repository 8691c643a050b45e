import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { type Check, formatResults, runChecks } from '../../../../src/cli/doctor/check.ts'
import { McpdError } from '../../../../src/core/errors.ts'

const calm = new AbortController().signal
const forever = () => new Promise<never>(() => undefined)

describe('runChecks', () => {
  it('keeps the order of the checks, whatever ends first', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const checks: Check[] = [
      { name: 'slow', run: () => promise.then(() => ({ state: 'ok', detail: '1' })) },
      {
        name: 'many',
        run: async () => {
          resolve()
          return [
            { check: 'a', state: 'ok', detail: '2' },
            { check: 'b', state: 'warn', detail: '3', remedy: 'r' },
          ]
        },
      },
    ]
    const results = await runChecks(checks, { signal: calm, limitMs: 60_000 })
    expect(results.map(({ check, detail }) => `${check}${detail}`)).toEqual(['slow1', 'a2', 'b3'])
  })

  it('takes what a check throws for its failure', async () => {
    const error = new McpdError('CONFIG_INVALID', 'mcpd.yaml:3: no.')
    const [result] = await runChecks([{ name: 'config', run: () => Promise.reject(error) }], {
      signal: calm,
      limitMs: 60_000,
    })
    expect(result).toMatchObject({ check: 'config', state: 'fail', detail: 'mcpd.yaml:3: no.' })
    expect(result?.remedy).toContain('mcpd config validate')
  })

  it('waits for none longer than its limit, and tells it to stop', async () => {
    let told = false
    const hangs: Check = {
      name: 'disk',
      run: (signal) => {
        signal.addEventListener('abort', () => (told = true))
        return forever()
      },
    }
    const [result] = await runChecks([hangs], { signal: calm, limitMs: 1 })
    expect(result).toMatchObject({ check: 'disk', state: 'fail' })
    expect(told).toBe(true)
  })

  it('ends at an interrupt', async () => {
    const controller = new AbortController()
    const reason = new McpdError('CANCELLED', 'Interrupted.')
    const running = runChecks([{ name: 'x', run: forever }], { signal: controller.signal, limitMs: 60_000 })
    controller.abort(reason)
    await expect(running).rejects.toBe(reason)
  })
})

describe('formatResults', () => {
  it('has a line per check and what to do below those that are not well', () => {
    const output = new PassThrough() as unknown as NodeJS.WriteStream
    const text = formatResults(
      [
        { check: 'node', state: 'ok', detail: '24', remedy: 'never shown' },
        { check: 'backend gpu', state: 'fail', detail: 'no\nanswer\u001B[2J', remedy: 'Start it.' },
      ],
      output,
    )
    expect(text).toBe('ok    node         24\nfail  backend gpu  no answer[2J\n      -> Start it.')
  })
})
