import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { startCommand, temporaryFolder } from '../unit/commands/run-command.ts'

it('a daemon takes a changed config over, refuses a bad one whole, and the doctor sees it all', async () => {
  const [stateDir, cwd] = [temporaryFolder(), temporaryFolder()]
  const config = join(cwd, 'mcpd.yaml')
  const write = (...names: string[]) =>
    writeFileSync(
      config,
      `listen: {port: 0}\nbackends:\n${names.map((name) => `  - {name: ${name}, adapter: openai, url: "http://127.0.0.1:1/v1", models: [m]}\n`).join('')}`,
    )
  const run = async (...words: string[]) => {
    const options = { cwd, timeout: 60_000, env: { MCPD_STATE_DIR: stateDir } }
    const { exitCode, stdout } = await startCommand([...words, '--json'], options)
    return { code: exitCode, json: JSON.parse(String(stdout)) as Record<string, unknown> }
  }
  const backends = async () =>
    ((await run('status')).json['backends'] as { name: string }[]).map(({ name }) => name)
  onTestFinished(async () => void (await run('stop')))

  write('a')
  expect(await run('serve', '--detach', '--no-discover')).toMatchObject({ code: 0 })
  write('a', 'b')
  // The daemon watches its file, so it may have been faster.
  expect(await run('reload')).toMatchObject({ code: 0, json: { removed: [], restartNeeded: [] } })
  expect(await backends()).toEqual(['a', 'b'])

  writeFileSync(config, 'backends:\n  - name: c\n    adapter: openai\n    url: 7\n')
  const refused = await run('reload')
  expect(refused).toMatchObject({ code: 2, json: { error: { code: 'CONFIG_INVALID' } } })
  expect((refused.json['error'] as { message: string }).message).toContain('mcpd.yaml:4')
  expect(await backends()).toEqual(['a', 'b'])

  const doctor = await run('doctor')
  const states = Object.fromEntries(
    (doctor.json['checks'] as { check: string; state: string }[]).map(({ check, state }) => [check, state]),
  )
  expect(doctor.code).toBe(1)
  expect(states).toMatchObject({ daemon: 'ok', 'admin socket': 'ok', config: 'fail', 'backend a': 'fail' })
})
