import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCommand, startCommand, temporaryFolder } from './run-command.ts'

const line = (level: number, msg: string): string =>
  JSON.stringify({ level, time: 1_700_000_000_000, pid: 1, msg })

describe('mcpd logs', () => {
  it('prints the last lines that are severe enough, as they are if asked for', async () => {
    const folder = temporaryFolder()
    const lines = [line(30, 'ready'), line(50, 'first'), 'Error: crash', line(40, 'second'), line(30, 'calm')]
    writeFileSync(join(folder, 'log.jsonl'), `${lines.join('\n')}\n`)
    const words = ['logs', '--state-dir', folder, '--lines', '4', '--level', 'warn']
    const [raw, formatted] = await Promise.all([runCommand([...words, '--json']), runCommand(words)])
    expect(raw).toEqual({ code: 0, out: lines.slice(1, 4).join('\n'), err: '' })
    expect(formatted.out.split('\n').map((shown) => shown.slice('00:00:00.000 '.length))).toEqual([
      'ERROR first',
      'Error: crash'.slice('00:00:00.000 '.length),
      'WARN  second',
    ])
  })

  it('follows until it is interrupted', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'log.jsonl')
    writeFileSync(path, `${line(30, 'one')}\n`)
    const command = startCommand(['logs', '--follow', '--json', '--state-dir', folder])
    let seen = ''
    command.stdout?.on('data', (chunk: Buffer) => {
      if (!seen.includes('one')) appendFileSync(path, `${line(30, 'two')}\n`)
      seen += chunk.toString()
      if (seen.includes('two')) command.kill('SIGINT')
    })
    const { exitCode, stdout } = await command
    expect({ exitCode, stdout }).toEqual({ exitCode: 130, stdout: `${line(30, 'one')}\n${line(30, 'two')}` })
  })

  it('says when there is no log', async () => {
    const { code, err } = await runCommand(['logs', '--state-dir', temporaryFolder()])
    expect(code).toBe(2)
    expect(err).toContain('There is no log at')
  })
})
