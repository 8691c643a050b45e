import type { Journal } from '../../src/core/journal.ts'
import { chainHashOf } from '../../src/daemon/contexts/journal/hashes.ts'
import type { Calls } from './calls.ts'
import type { DaemonProcess } from './daemon-process.ts'
import { findAnomalies } from './linearizable.ts'
import type { Acknowledged, Ledger } from './ledger.ts'
import { contextName, contextsAtOnce, textOf } from './writers.ts'
import type { System } from './system.ts'

/** A turn as it can be read by every way. */
interface Seen {
  readonly id: string
  readonly parent: string | null
  readonly seq: number
  readonly role: string
  readonly state: string
  readonly hash: string
  readonly chain: string
  readonly content: string
}

export interface Wrong {
  readonly line: string
  /** After how many faults what is lost was acknowledged; -1 where that is not known. */
  readonly fault: number
}

interface Parts {
  readonly system: System
  readonly ledger: Ledger
  readonly calls: Calls
  readonly rounds: number
}

/** Everything of `main` and of each fork, as every daemon that has the context answers it. */
export const readByApi = async ({ system, ledger, calls, rounds }: Parts): Promise<Views> => {
  const views: Map<string, Map<string, readonly Seen[]>> = new Map()
  const readContext = async (daemon: DaemonProcess, context: string): Promise<void> => {
    for (const head of await headsOf(calls, daemon, context)) {
      const place = `${context} ${head}`
      const known = views.get(place) ?? new Map<string, readonly Seen[]>()
      views.set(place, known.set(daemon.name, await pathOf(calls, daemon, context, head)))
    }
  }
  for (let round = 0; round < rounds; round += 1)
    for (let index = 0; index < contextsAtOnce; index += 1)
      for (const daemon of system.daemonsOf(index))
        try {
          await readContext(daemon, contextName(round, index))
        } catch (error) {
          ledger.wrong(String(error))
          // One that has lost a whole context has been found out.
          if (ledger.wrongs().length > wrongsMax) return views
        }
  return views
}

/** More are not looked for one by one. */
const wrongsMax = 100

/** By context and head, then by daemon. */
export type Views = ReadonlyMap<string, ReadonlyMap<string, readonly Seen[]>>

const get = async (calls: Calls, daemon: DaemonProcess, path: string): Promise<unknown> => {
  const settled = await calls.settle([daemon], { path })
  if (!settled) throw new Error(`${daemon.name} did not answer ${path}.`)
  return JSON.parse(settled.text)
}

const headsOf = async (calls: Calls, daemon: DaemonProcess, context: string): Promise<readonly string[]> =>
  Object.keys(
    ((await get(calls, daemon, `/mcp/v1/contexts/${context}/about`)) as { heads: Record<string, string> })
      .heads,
  )

const pathOf = async (
  calls: Calls,
  daemon: DaemonProcess,
  context: string,
  head: string,
): Promise<readonly Seen[]> => {
  const path = `/mcp/v1/contexts/${context}?ref=${head}&limit=10000`
  return ((await get(calls, daemon, path)) as { turns: readonly Seen[] }).turns
}

/** What the stores have, past the daemons, against what was acknowledged, and against what the daemons said. */
export const compare = async ({ system, ledger, rounds }: Parts, views: Views): Promise<readonly Wrong[]> => {
  const journals = await system.openJournals()
  try {
    const wrong: Wrong[] = []
    const lines = Map.groupBy(await ledger.read(), ({ context }) => context)
    for (const journal of journals) await journal.recover()
    for (let round = 0; round < rounds; round += 1)
      for (let index = 0; index < contextsAtOnce; index += 1) {
        const journal = journals[index % journals.length]
        const context = contextName(round, index)
        if (!journal) continue
        try {
          wrong.push(...(await compareContext(journal, ledger, context, lines.get(context) ?? [], views)))
        } catch (error) {
          wrong.push(untimed(`${context} cannot be read: ${String(error)}`))
        }
      }
    for (const journal of journals)
      for await (const { kind, detail } of journal.fsck()) wrong.push(untimed(`fsck: ${kind}: ${detail}`))
    return wrong
  } finally {
    for (const journal of journals) await journal.close()
  }
}

const untimed = (line: string): Wrong => ({ line, fault: -1 })

const compareContext = async (
  journal: Journal,
  ledger: Ledger,
  context: string,
  lines: readonly Acknowledged[],
  views: Views,
): Promise<readonly Wrong[]> => {
  const key = { tenant: 'default', context }
  const [summary, all] = await Promise.all([journal.summary(key), journal.turns(key)])
  if (!summary || !all) return [untimed(`${context} is not there`)]
  const stored = all.map(({ body, bodyHash, chainHash, ...turn }): Seen => {
    const { content = '' } = JSON.parse(body.toString()) as { content?: string }
    return { ...turn, hash: bodyHash, chain: chainHash, content }
  })
  const paths = new Map<string, readonly string[]>()
  for (const head of Object.keys(summary.heads))
    paths.set(
      head,
      ((await journal.path(key, { head }))?.turns ?? []).map(({ id }) => id),
    )
  return [
    ...compareViews(context, paths, views),
    ...compareTexts(context, stored, ledger.attempts(context)),
    ...comparePaths(context, stored, paths),
    ...lines.flatMap((line) => compareLine(line, stored, paths)),
    ...compareOrder(context, lines, paths),
    ...compareHistory(context, stored, paths, ledger),
  ]
}

/** Every daemon says what the store has. */
const compareViews = (context: string, paths: Paths, views: Views): readonly Wrong[] =>
  [...paths].flatMap(([head, path]) => {
    const said = views.get(`${context} ${head}`)
    if (!said) return [untimed(`${context} ${head} is in the store and no daemon named it`)]
    return [...said].flatMap(([daemon, turns]) =>
      turns.length === path.length && turns.every(({ id }, index) => id === path[index])
        ? turns.flatMap((turn, index) =>
            chainHashOf(turns[index - 1]?.chain, turn.hash) === turn.chain
              ? []
              : [untimed(`${context} ${head}: the chain of ${turn.id} is broken, as ${daemon} says it`)],
          )
        : [
            untimed(
              `${context} ${head}: ${daemon} says ${turns.length} turns, of the ${path.length} in the store`,
            ),
          ],
    )
  })

type Paths = ReadonlyMap<string, readonly string[]>

/** Nothing that nobody wrote, nothing twice, and nothing otherwise than it was written. */
const compareTexts = (
  context: string,
  stored: readonly Seen[],
  attempts: ReadonlySet<string>,
): readonly Wrong[] => {
  const wrong: Wrong[] = []
  const times = new Map<string, number>()
  for (const { id, role, state, content } of stored) {
    if (state !== 'complete') continue
    const name = content.split(' ', 2).join(' ')
    const isWritten =
      attempts.has(name) && (content === textOf('say', name) || content === textOf('chat', name))
    if (!isWritten) wrong.push(untimed(`${context}: ${id} is not what anybody wrote`))
    times.set(`${role} ${name}`, (times.get(`${role} ${name}`) ?? 0) + 1)
  }
  for (const [name, count] of times)
    if (count > 1) wrong.push(untimed(`${context}: ${name} is there ${count} times`))
  return wrong
}

/** Together the heads hold every turn. */
const comparePaths = (context: string, stored: readonly Seen[], paths: Paths): readonly Wrong[] => {
  const reached = new Set([...paths.values()].flat())
  return stored.flatMap(({ id }) => (reached.has(id) ? [] : [untimed(`${context}: no head leads to ${id}`)]))
}

/** What was acknowledged is where it was said to be. */
const compareLine = (line: Acknowledged, stored: readonly Seen[], paths: Paths): readonly Wrong[] => {
  const { kind, writer, number, context, head, turn, fault } = line
  const lost = (what: string): readonly Wrong[] => [{ line: `${context} ${head}: ${what}`, fault }]
  const name = `${writer} ${number}`
  if (kind !== 'fork' && isOnFork(textOf(kind, name), head, stored, paths)) return []
  const path = paths.get(head)
  if (!path) return lost(`the head of ${name} is lost`)
  if (!path.includes(turn)) return lost(`${name} was acknowledged as ${turn} and is lost`)
  if (kind === 'fork') return []
  const found = stored.find(({ id }) => id === turn)
  const isRight = found?.state === 'complete' && found.content === textOf(kind, name)
  if (!isRight) return lost(`${name} was acknowledged as ${turn}, which is ${found?.state ?? 'not there'}`)
  if (kind === 'say') return []
  const asked = stored.some(({ role, content }) => role === 'user' && content === textOf(kind, name))
  return asked ? [] : lost(`the question of ${name} is lost`)
}

/** Of a head that a spool has made: what it had acknowledged while PostgreSQL knew of more is kept there. */
const forkPrefix = 'spool-'

const hasForks = (paths: Paths): boolean => [...paths.keys()].some(isFork)

/** Whether a text is there, whole, behind a head that a spool has made instead of behind the one that was told. */
const isOnFork = (text: string, head: string, stored: readonly Seen[], paths: Paths): boolean => {
  if (!hasForks(paths)) return false
  const found = stored.filter(({ state, content }) => state === 'complete' && content === text)
  return (
    found.length > 0 &&
    found.every(({ id }) => {
      const heads = reachedBy(id, paths)
      return heads.some(isFork) && !heads.includes(head)
    })
  )
}

const isFork = (head: string): boolean => head.startsWith(forkPrefix)

const reachedBy = (id: string, paths: Paths): readonly string[] =>
  [...paths].flatMap(([head, path]) => (path.includes(id) ? [head] : []))

/** What one writer wrote is there in the order in which it wrote it. */
const compareOrder = (context: string, lines: readonly Acknowledged[], paths: Paths): readonly Wrong[] =>
  [...paths].flatMap(([head, path]) => {
    const places = new Map(path.map((id, index) => [id, index]))
    const last = new Map<number, { readonly number: number; readonly place: number }>()
    return lines.flatMap(({ kind, writer, number, turn, fault, ...line }): readonly Wrong[] => {
      if (kind === 'fork' || line.head !== head) return []
      if (!places.has(turn) && hasForks(paths)) return []
      const place = places.get(turn) ?? -1
      const before = last.get(writer)
      last.set(writer, { number, place })
      return before && before.number < number && before.place > place
        ? [{ line: `${context} ${head}: ${writer} wrote ${before.number} before ${number}`, fault }]
        : []
    })
  })

/** What clients saw on the way is what one copy could have shown. */
const compareHistory = (
  context: string,
  stored: readonly Seen[],
  paths: Paths,
  ledger: Ledger,
): readonly Wrong[] => {
  // Forks have one writer each, and chats' turns come one by one; what they were told is compared line by line.
  const seen = ledger.operations().get(`${context} main`)
  // Where a spool has made a head, its daemon showed for a while what only that head has.
  if (!seen || hasForks(paths)) return []
  const ids = new Map(
    stored.flatMap(({ id, role, content }) =>
      role === 'user' ? [[content.split(' ', 2).join(' '), id] as const] : [],
    ),
  )
  const operations = seen.map((operation) =>
    operation.kind === 'append' && operation.returned === Infinity
      ? { ...operation, turns: operation.turns.map((name) => ids.get(name) ?? name) }
      : operation,
  )
  const final = {
    kind: 'read',
    invoked: Infinity,
    returned: Infinity,
    turns: paths.get('main') ?? [],
  } as const
  return findAnomalies([...operations, final]).map((line) => untimed(`${context} main: ${line}`))
}
