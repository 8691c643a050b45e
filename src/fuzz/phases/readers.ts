import type { Step } from '../call.ts'
import { findId } from '../api/find-id.ts'
import type { Operation } from '../api/operation.ts'
import { needOf } from '../api/producers.ts'
import { makeCall } from '../base-call.ts'
import { jsonOf, type Session } from '../session.ts'
import { lastSegment } from '../perform.ts'
import type { Story } from '../story.ts'
import type { Reader } from './lane.ts'

/** By operation that writes: how what it wrote is read. */
export const readersOf = (session: Session): Map<string, Reader> => {
  const found = new Map<string, Reader>()
  const reading = new Map(
    session.operations
      .filter(({ method }) => method === 'GET')
      .map((each) => [each.path.replace(/\/$/, ''), each]),
  )
  const items = new Map(
    [...reading].flatMap(([path, each]) =>
      /\/\{[^{}]+\}$/.test(path) ? [[path.slice(0, path.lastIndexOf('/')), each] as const] : [],
    ),
  )
  for (const writer of session.operations) {
    const own = writer.path.replace(/\/$/, '')
    const same = reading.get(own)
    if (writer.method === 'POST') {
      const item = items.get(own)
      if (item) found.set(writer.key, (story) => Promise.resolve(readItem(session, item, story)))
      // What cannot be read one by one is read in its list.
      else if (same) found.set(writer.key, (story) => Promise.resolve(readSame(session, same, story)))
    } else if (/^(PUT|PATCH)$/.test(writer.method) && same)
      found.set(writer.key, (story) => Promise.resolve(readSame(session, same, story)))
  }
  return found
}

const readStep = (session: Session, reader: Operation, story: Story, own: Step['bindings']): Step => {
  const call = makeCall(reader, {
    random: session.random,
    recipe: 'none',
    tokensMax: session.settings.tokensMax,
    identity: 'first',
  })
  const writer = story.steps.at(-1)
  const at = story.steps.length - 1
  const shared = Object.keys(writer?.call.path ?? {})
    .filter((name) => !own.some(({ into }) => into.name === name))
    .map((name): Step['bindings'][number] => ({
      into: { in: 'path', name, pointer: '' },
      from: { step: at, in: 'request', pointer: `/${name}` },
    }))
  const names = new Set(reader.parameters.filter((each) => each.in === 'path').map(({ name }) => name))
  return {
    call,
    bindings: [...shared.filter(({ into }) => names.has(into.name)), ...own],
    intent: {
      phase: session.phase,
      expect: 'valid',
      what: `reads what ${writer?.call.operation ?? ''} wrote`,
    },
    role: 'case',
  }
}

const readSame = (session: Session, reader: Operation, story: Story): Step =>
  readStep(session, reader, story, [])

/** The step that reads what the last step of a story has made, or undefined where its answer does not say what that is. */
export const readItem = (session: Session, reader: Operation, story: Story): Step | undefined => {
  const at = story.steps.length - 1
  const name = /\{([^{}]+)\}\/?$/.exec(reader.path)?.[1]
  if (name === undefined) return undefined
  const exchange = story.exchanges[at]
  const pointer = findId(jsonOf(exchange), needOf(reader, name))
  const from =
    pointer !== undefined
      ? { step: at, in: 'answer' as const, pointer }
      : lastSegment(exchange?.response?.headers['location']) !== undefined
        ? { step: at, in: 'location' as const, pointer: '' }
        : undefined
  return from && readStep(session, reader, story, [{ into: { in: 'path', name, pointer: '' }, from }])
}
