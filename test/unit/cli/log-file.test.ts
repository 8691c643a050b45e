import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { followLines } from '../../../src/cli/log-file.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mcpd-'))
  path = join(folder, 'log.jsonl')
})
afterEach(() => rmSync(folder, { recursive: true }))

const read = async (lines: number, wait?: () => Promise<void>): Promise<string[]> => {
  const all: string[] = []
  for await (const line of followLines(path, { lines, ...(wait && { wait }) })) all.push(line)
  return all
}

/** Follows, doing one step each time everything so far has been read, until there are no more steps. */
const follow = async (lines: number, steps: (() => void)[]): Promise<string[]> => {
  const all: string[] = []
  const wait = (): Promise<void> => {
    const step = steps.shift()
    if (step === undefined) return Promise.reject(new Error('over'))
    step()
    return Promise.resolve()
  }
  try {
    for await (const line of followLines(path, { lines, wait })) all.push(line)
  } catch (error) {
    expect(error).toMatchObject({ message: 'over' })
  }
  return all
}

describe('the last lines', () => {
  it('are as many as asked for', async () => {
    writeFileSync(path, 'one\ntwo\nthree\n')
    expect(await read(2)).toEqual(['two', 'three'])
    expect(await read(3)).toEqual(['one', 'two', 'three'])
    expect(await read(99)).toEqual(['one', 'two', 'three'])
    expect(await read(0)).toEqual([])
  })

  it('include one that is not finished', async () => {
    writeFileSync(path, 'one\ntwo\nthr')
    expect(await read(2)).toEqual(['two', 'thr'])
  })

  it('are found in a file of many blocks, whatever its letters', async () => {
    const lines = Array.from({ length: 30_000 }, (_, index) => `line ${index} ä€😀`)
    writeFileSync(path, `${lines.join('\n')}\n`)
    expect(await read(20_000)).toEqual(lines.slice(-20_000))
    expect(await read(1)).toEqual(lines.slice(-1))
  })

  it('of an empty file are none', async () => {
    writeFileSync(path, '')
    expect(await read(10)).toEqual([])
  })

  it('of no file are wrong usage', async () => {
    await expect(read(10)).rejects.toMatchObject({ code: 'USAGE' })
  })
})

describe('following', () => {
  it('goes on with whole lines as they are written', async () => {
    writeFileSync(path, 'one\ntwo\n')
    const lines = await follow(1, [
      () => appendFileSync(path, 'three\nfo'),
      () => appendFileSync(path, 'ur\n'),
      () => undefined,
    ])
    expect(lines).toEqual(['two', 'three', 'four'])
  })

  it('begins before there is a file', async () => {
    expect(await follow(5, [() => undefined, () => writeFileSync(path, 'one\n'), () => undefined])).toEqual([
      'one',
    ])
  })

  it('begins again at the start of a file that was truncated', async () => {
    writeFileSync(path, 'one\ntwo\nhalf')
    const lines = await follow(9, [
      () => {
        truncateSync(path, 0)
        appendFileSync(path, 'three\n')
      },
      () => appendFileSync(path, 'four\n'),
      () => undefined,
    ])
    expect(lines).toEqual(['one', 'two', 'three', 'four'])
  })

  it('finishes a file that was renamed and goes on with the new one', async () => {
    writeFileSync(path, 'one\n')
    const lines = await follow(9, [
      () => {
        appendFileSync(path, 'two\n')
        renameSync(path, `${path}.1`)
        writeFileSync(path, 'three\n')
      },
      () => appendFileSync(path, 'four\n'),
      () => {
        renameSync(path, `${path}.2`)
      },
      () => writeFileSync(path, 'five\n'),
      () => undefined,
    ])
    expect(lines).toEqual(['one', 'two', 'three', 'four', 'five'])
  })

  it('cuts a line that never ends into pieces', async () => {
    writeFileSync(path, 'x'.repeat(3 * 2 ** 20))
    const lines = await follow(9, [() => undefined])
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.every((line) => line.length < 1.1 * 2 ** 20)).toBe(true)
  })
})
