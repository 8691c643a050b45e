import { Command } from 'commander'
import { startSimulator } from './simulator.ts'

/** The simulator as a process of its own: it prints `{"url","pid"}` and ends when its standard input does. */

interface Options {
  readonly port: number
  readonly slots?: number
  readonly behaviour?: string
  readonly freeze?: string
}

const { port, slots, behaviour, freeze } = new Command('simulator')
  .description('A backend that knows when it sent each token, to hold a client against.')
  .option('--port <number>', 'port on loopback; 0 picks a free one', Number, 0)
  .option('--slots <number>', 'answers at the same time; the others wait', Number)
  .option('--behaviour <json>', 'such as {"ttftMs":50,"gapMs":20}; a request may carry its own as `sim`')
  .option('--freeze <every,for>', 'stand still for this many ms, every so many ms')
  .parse()
  .opts<Options>()

const [everyMs = 0, forMs = 0] = (freeze ?? '').split(',').map(Number)
const simulator = await startSimulator({
  port,
  ...(slots !== undefined && { slots }),
  ...(behaviour !== undefined && { behaviour: JSON.parse(behaviour) as object }),
  ...(freeze !== undefined && { freeze: { everyMs, forMs } }),
})
process.stdout.write(`${JSON.stringify({ url: simulator.url, pid: process.pid })}\n`)

const stop = (): void => void simulator.close().then(() => process.exit())
process.stdin.on('end', stop).on('error', stop).resume()
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop)
