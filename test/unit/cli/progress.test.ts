import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { formatStep, showProgress } from '../../../src/cli/progress.ts'

const steps = [
  { status: 'pulling manifest' },
  { status: 'pulling a', digest: 'a', total: 100, completed: 0 },
  { status: 'pulling a', digest: 'a', total: 100, completed: 50 },
  { status: 'pulling b', digest: 'b', total: 20 },
  { status: 'success' },
]

async function* each() {
  yield* steps
}

const show = async (isTTY: boolean) => {
  const output = Object.assign(new PassThrough(), { isTTY, columns: 80 })
  const bytes = await showProgress(each(), output as unknown as NodeJS.WriteStream)
  return { text: String(output.read()), bytes }
}

describe('showProgress', () => {
  it('draws over a line of a terminal until another part begins, and leaves the cursor on a new one', async () => {
    const { text, bytes } = await show(true)
    const strokes = text.split('\n').map((line) => line.split('\r').length)
    // Manifest, part a in two strokes, part b, success, and the line after it.
    expect(strokes).toEqual([1, 2, 1, 1, 1])
    expect(bytes).toBe(120)
  })

  it('says elsewhere once what begins', async () => {
    expect((await show(false)).text).toBe('pulling manifest\npulling a\npulling b\nsuccess\n')
  })

  it('only counts without an output', async () => {
    expect(await showProgress(each(), undefined)).toBe(120)
  })
})

describe('formatStep', () => {
  it('fits into the terminal, however much is claimed', () => {
    expect(formatStep({ status: 'p', total: 4 * 2 ** 20, completed: 2 ** 20 }, 80)).toBe(
      'p   25 % ######.................. 1.0 MiB of 4.0 MiB',
    )
    expect(formatStep({ status: 'p', total: 1, completed: 9 }, 80)).toContain('100 %')
    expect(formatStep({ status: 'long '.repeat(99), total: 1 }, 40)).toHaveLength(39)
    expect(formatStep({ status: 'a\n\u001B[2Jb' }, 40)).toBe('a [2Jb')
  })
})
