import { describe, expect, it } from 'vitest'
import { runCommand } from '../commands/run-command.ts'

describe('a command line', () => {
  it('that names no command is answered with the nearest', async () => {
    const { code, err, out } = await runCommand(['adaptr', 'instal', '--url', 'http://x'])
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toContain('mcpd has no command "adaptr instal".')
    expect(err).toContain('mcpd adapter install')
  })

  it('that is wrong exits with 2 and points to the help, as JSON if asked for', async () => {
    const { code, out, err } = await runCommand(['chat', 'tiny', '--frobnicate', '--json'])
    expect(code).toBe(2)
    expect(err).toBe('')
    expect(JSON.parse(out)).toEqual({
      error: { code: 'USAGE', message: 'Nonexistent flag: --frobnicate', suggestions: ['mcpd chat --help'] },
    })
  })

  it('that asks for help in words gets it', async () => {
    const { code, out } = await runCommand(['help', 'adapter', 'list'])
    expect(code).toBe(0)
    expect(out).toContain('$ mcpd adapter list')
  })

  it('finds no daemon and exits with 3, saying what to do', async () => {
    const { code, out, err } = await runCommand(['models', '--url', 'http://127.0.0.1:1'])
    expect(code).toBe(3)
    expect(out).toBe('')
    expect(err).toContain(
      'Error: No daemon answers at http://127.0.0.1:1 (as asked for): nothing listens there.',
    )
    expect(err).toContain('Code: DAEMON_UNREACHABLE')
    expect(err).toContain('Try this: Start one: mcpd serve')
  })
})

describe('colours', () => {
  it('are there when asked for, and never with NO_COLOR', async () => {
    const words = ['models', '--url', 'nonsense']
    const forced = await runCommand(words, { env: { FORCE_COLOR: '1' } })
    const plain = await runCommand(words, { env: { NO_COLOR: '1', TERM: 'xterm-256color' } })
    expect(forced.err).toContain('\u001b[')
    expect(plain.err).not.toContain('\u001b[')
    expect(plain.err).toContain('"nonsense" is not the URL of a daemon.')
  })
})
