import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { extname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { McpdError } from '../../core/errors.ts'
import type { Truth } from '../simulator/answer.ts'

/** The simulator in a process of its own, so that it and the client do not wait for each other. */
export interface SimulatorProcess {
  readonly url: string
  readonly pid: number
  /** What was sent since the last call. */
  truths(): Promise<readonly Truth[]>
  close(): Promise<void>
}

const entry = fileURLToPath(new URL(`../simulator/main${extname(import.meta.url)}`, import.meta.url))
const readyMaxMs = 20_000

export const startSimulatorProcess = async (
  args: readonly string[],
  signal: AbortSignal,
): Promise<SimulatorProcess> => {
  // Its standard input is its lifeline: it ends when this process does, however that ends.
  const child = spawn(process.execPath, ['--max-semi-space-size=32', entry, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const close = async (): Promise<void> => {
    child.stdin.end()
    await exited
  }
  const limit = AbortSignal.any([signal, AbortSignal.timeout(readyMaxMs)])
  try {
    const [line] = (await Promise.race([
      once(createInterface(child.stdout), 'line', { signal: limit }),
      exited.then(() => {
        throw new McpdError('INTERNAL', 'The simulator did not start.')
      }),
    ])) as [string]
    const { url, pid } = JSON.parse(line) as { url: string; pid: number }
    child.stdout.resume()
    const truths = async (): Promise<readonly Truth[]> => {
      const { body } = await request(`${new URL(url).origin}/truth`)
      return (await body.json()) as Truth[]
    }
    return { url, pid, truths, close }
  } catch (error) {
    child.kill()
    throw error
  }
}
