import { setTimeout as sleep } from 'node:timers/promises'
import { type Calls, createCalls, type Settled } from './calls.ts'
import type { Ledger } from './ledger.ts'
import type { Numbers } from './numbers.ts'
import type { System } from './system.ts'

/** Contexts that are written to at a time: the last ones by chats, the others by everybody else. */
export const contextsAtOnce = 6
const chatted = [4, 5]
const said = [0, 1, 2, 3]

export const contextName = (round: number, index: number): string => `r${round}-c${index}`

/** Long enough that a path is soon ripe to be sealed; a chat's comes back word by word. */
export const textOf = (kind: 'say' | 'chat', name: string): string =>
  kind === 'chat' ? `${name} says hello` : `${name} ${`${name.replace(' ', 'x')} `.repeat(120)}`

/** Pauses between what one client does, in milliseconds. */
const pauseMaxMs = 30

/** When clients are stopped, so long they wait for answers. */
const stopMaxMs = 8000

export interface Writers {
  /** Makes the next contexts; whoever begins something begins it there from now on. */
  nextRound(): Promise<void>
  readonly rounds: () => number
  /** Waits for what is under way, as long as it makes sense. */
  stop(): Promise<void>
}

interface Scene {
  readonly system: System
  readonly ledger: Ledger
  readonly numbers: Numbers
  readonly calls: Calls
  readonly round: () => number
}

/** A client: does one thing after the other, each under its own number. */
type Client = (scene: Scene, writer: number, number: number, context: number) => Promise<void>

export const startWriters = async (system: System, ledger: Ledger, numbers: Numbers): Promise<Writers> => {
  let round = -1
  let isStopped = false
  const gaveUp = new AbortController()
  const scene: Scene = {
    system,
    ledger,
    numbers,
    calls: createCalls(ledger, numbers, gaveUp.signal),
    round: () => round,
  }
  const nextRound = async (): Promise<void> => {
    await Promise.all(
      Array.from({ length: contextsAtOnce }, (_, index) => createContext(scene, round + 1, index)),
    )
    round += 1
  }
  const loop = async (client: Client, writer: number, places: readonly number[]): Promise<void> => {
    for (let number = 1; !isStopped; number += 1) {
      const context = places[writer % places.length] ?? 0
      await client(scene, writer, number, context).catch((error: unknown) =>
        ledger.wrong(`a client failed: ${String(error instanceof Error ? error.stack : error)}`),
      )
      await sleep(numbers.below(pauseMaxMs))
    }
  }
  await nextRound()
  const clients: readonly (readonly [client: Client, count: number, places: readonly number[]])[] = [
    [sayAnywhere, 6, said],
    [sayBehind, 6, said],
    [chat, 2, chatted],
    [forkAndSay, 1, said],
    [look, 3, said],
  ]
  const loops = clients
    .flatMap(([client, count, places]) => Array.from({ length: count }, () => ({ client, places })))
    .map(({ client, places }, writer) => loop(client, writer, places))
  return {
    nextRound,
    rounds: () => round + 1,
    stop: async () => {
      isStopped = true
      const timer = setTimeout(() => gaveUp.abort(), stopMaxMs)
      await Promise.all(loops)
      clearTimeout(timer)
    },
  }
}

const post = (path: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
  ({ method: 'POST', path, body, headers }) as const

const createContext = async ({ calls, system }: Scene, round: number, index: number): Promise<void> => {
  const request = post('/mcp/v1/contexts', { id: contextName(round, index) })
  // A conflict after a try without an answer means that it is made.
  for (let made: Settled | undefined, tries = 0; !made; tries += 1) {
    if (tries === createsMax) throw new Error(`No daemon made the context ${contextName(round, index)}.`)
    made = await calls.settle(system.daemonsOf(index), request)
  }
}

/** So often a client that gave up begins anew. */
const createsMax = 10

interface Line {
  readonly name: string
  readonly context: string
  readonly head?: string
  /** The turn that must be the last; absent: any. */
  readonly expected?: string | null
  readonly key: string
}

/** Undefined where nobody knows. */
const say = async (scene: Scene, index: number, line: Line): Promise<Settled | undefined> => {
  const { name, context, head = 'main', expected, key } = line
  const { ledger, calls, system } = scene
  ledger.attempted(context, name)
  const invoked = performance.now()
  const settled = await calls.settle(system.daemonsOf(index), {
    ...post(
      `/mcp/v1/contexts/${context}/turns`,
      { messages: [{ role: 'user', content: textOf('say', name) }], ref: head },
      { 'idempotency-key': key, 'if-match': expected === undefined ? '*' : `"${expected ?? ''}"` },
    ),
  })
  const place = `${context} ${head}`
  const moment = { invoked, returned: settled ? performance.now() : Infinity }
  if (!settled)
    // Which turn it made, if it did, is found by its name.
    ledger.saw(place, {
      kind: 'append',
      ...moment,
      turns: [name],
      ...(expected !== undefined && { expected }),
    })
  else if (settled.status === 409) {
    const { head: at, code } = JSON.parse(settled.text) as { head?: string | null; code?: string }
    if (expected === undefined || code !== 'CONTEXT_CONFLICT' || at === undefined)
      ledger.wrong(`an append to ${context} was refused: ${settled.text.slice(0, 300)}`)
    else ledger.saw(place, { kind: 'refused', ...moment, expected, head: at })
  } else
    ledger.saw(place, {
      kind: 'append',
      ...moment,
      turns: turnsOf(settled),
      ...(expected !== undefined && { expected }),
    })
  return settled
}

const turnsOf = ({ text }: Settled): readonly string[] =>
  (JSON.parse(text) as { turns: readonly string[] }).turns

const sayAnywhere: Client = async (scene, writer, number, index) => {
  const context = contextName(scene.round(), index)
  const settled = await say(scene, index, {
    name: `${writer} ${number}`,
    context,
    key: `say-${writer}-${number}`,
  })
  const [turn] = settled ? turnsOf(settled) : []
  if (turn !== undefined)
    await scene.ledger.acknowledge({ kind: 'say', writer, number, context, head: 'main', turn })
}

/** So often one that says where to write tries to be the first. */
const racesMax = 20

const sayBehind: Client = async (scene, writer, number, index) => {
  const context = contextName(scene.round(), index)
  const path = await readPath(scene, index, context)
  if (!path) return
  let expected = path.at(-1) ?? null
  for (let race = 0; race < racesMax; race += 1) {
    const key = `behind-${writer}-${number}-${race}`
    const settled = await say(scene, index, { name: `${writer} ${number}`, context, expected, key })
    if (!settled) return
    if (settled.status !== 409) {
      const [turn = ''] = turnsOf(settled)
      return scene.ledger.acknowledge({ kind: 'say', writer, number, context, head: 'main', turn })
    }
    expected = (JSON.parse(settled.text) as { head: string | null }).head
  }
}

/** The whole path of `main`, which is noted; undefined where it cannot be read. */
const readPath = async (
  { calls, ledger, system }: Scene,
  index: number,
  context: string,
): Promise<readonly string[] | undefined> => {
  const invoked = performance.now()
  const settled = await calls.settle(system.daemonsOf(index), { path: `/mcp/v1/contexts/${context}` })
  if (!settled) return undefined
  const page = JSON.parse(settled.text) as { turns: readonly { id: string }[]; next?: string }
  if (page.next !== undefined) ledger.wrong(`${context} has more than a page of turns`)
  const turns = page.turns.map(({ id }) => id)
  // A later try read later: from when on it may have is not before the call, which is all that is claimed.
  ledger.saw(`${context} main`, { kind: 'read', invoked, returned: performance.now(), turns })
  return turns
}

const look: Client = async (scene, _writer, _number, index) => {
  const place = (index + scene.numbers.below(said.length)) % said.length
  await readPath(scene, place, contextName(scene.round(), place))
}

const chat: Client = async ({ calls, ledger, system, round }, writer, number, index) => {
  const context = contextName(round(), index)
  const name = `${writer} ${number}`
  const content = textOf('chat', name)
  ledger.attempted(context, name)
  const stream = number % 2 === 0
  const settled = await calls.settle(system.daemonsOf(index), {
    ...post(
      '/v1/chat/completions',
      { model: 'gpu/gpt', messages: [{ role: 'user', content }], stream },
      { 'x-mcpd-context': context, 'idempotency-key': `chat-${writer}-${number}` },
    ),
    // The answer that a daemon has left behind holds the head until its lease is over.
    waits: true,
  })
  if (!settled) return
  const turn = settled.headers.get('x-mcpd-turn') ?? ''
  await ledger.acknowledge({ kind: 'chat', writer, number, context, head: 'main', turn })
}

const forkAndSay: Client = async (scene, writer, number, index) => {
  const { calls, ledger, system, numbers, round } = scene
  const place = (index + number) % said.length
  const context = contextName(round(), place)
  const path = await readPath(scene, place, context)
  if (!path || path.length === 0) return
  const at = numbers.pick(path)
  const head = `f-${writer}-${number}`
  const settled = await calls.settle(
    system.daemonsOf(place),
    post(`/mcp/v1/contexts/${context}/fork`, { at, name: head }),
  )
  if (!settled) return
  // The name is nobody else's: that it is taken means that an earlier try has made it.
  if (settled.status === 409 && !settled.wasSent) ledger.wrong(`the fork ${head} of ${context} was refused`)
  await ledger.acknowledge({ kind: 'fork', writer, number, context, head, turn: at })
  const name = `${writer} ${number}`
  const line = { name, context, head, expected: at, key: `fork-${writer}-${number}` }
  const appended = await say(scene, place, line)
  if (!appended) return
  if (appended.status === 409) return ledger.wrong(`nobody else writes to ${head} of ${context}`)
  const [turn = ''] = turnsOf(appended)
  await ledger.acknowledge({ kind: 'say', writer, number, context, head, turn })
}
