import assert from 'node:assert/strict'
import { bodyOf } from '../core/canonical-json.ts'
import { type Append, type Appended, type ContextKey, mainHead, type NewTurn } from '../core/context.ts'
import { type ErrorCode, isMcpdError, type McpdError } from '../core/errors.ts'
import type { Message, Role } from '../core/inference.ts'
import type { Journal, PathEnd, PathRange } from '../core/journal.ts'
import type { Check } from './check.ts'

/** A journal under test, empty and of its own. */
export interface JournalSubject {
  /** Opened with `suiteConsumer` among its consumers. */
  readonly journal: Journal
  /** Closes the journal and opens the same store again, as the next run of a daemon. Absent: it keeps nothing. */
  readonly reopen?: () => Promise<Journal>
  readonly close: () => Promise<void>
}

export interface JournalSuiteOptions {
  readonly make: (signal: AbortSignal) => Promise<JournalSubject>
}

/** The consumer of the outbox that the suite is. */
export const suiteConsumer = 'suite'

/** What a check works with: a journal, and the appends it is made of in few words. */
export interface JournalSession extends JournalSubject {
  readonly signal: AbortSignal
  readonly key: ContextKey
  /** Appends to `main` of the context of the session, wherever it is, unless told otherwise. */
  readonly append: (request: Partial<Append>) => Promise<Appended>
  /** As `append`, and it must be written. */
  readonly write: (request: Partial<Append>) => Promise<Written>
  /** Makes the context with so many turns of a user. */
  readonly begin: (texts: readonly string[]) => Promise<Written>
  /** The texts of a path. */
  readonly texts: (end?: PathEnd, range?: PathRange) => Promise<readonly string[] | undefined>
}

export type Written = Extract<Appended, { readonly outcome: 'ok' | 'duplicate' }> & {
  readonly ids: readonly string[]
}

export interface JournalCheck {
  readonly name: string
  readonly skipped?: string
  readonly body: (session: JournalSession) => Promise<void>
}

export const say = (text: string, role: Role = 'user'): NewTurn => turnOf({ role, content: text })

export const turnOf = (message: Message): NewTurn => ({ role: message.role, body: bodyOf(message) })

/** The text of a body made by `say`. */
export const textOf = (body: Buffer): string =>
  (JSON.parse(body.toString()) as { content?: string }).content ?? ''

export const refusal = async (work: Promise<unknown>, code: ErrorCode): Promise<McpdError> => {
  const error = await work.then(
    () => assert.fail(`expected ${code}, and it was done`),
    (thrown: unknown) => thrown,
  )
  if (!isMcpdError(error)) throw error
  assert.equal(error.code, code, error.message)
  return error
}

/** Whatever a check has done, the store must be sound afterwards. */
const requireSound = async (journal: Journal): Promise<void> => {
  assert.deepEqual(await Array.fromAsync(journal.fsck()), [], 'fsck finds something wrong')
}

export const bindJournalCheck = (
  { make }: JournalSuiteOptions,
  { name, skipped, body }: JournalCheck,
): Check => ({
  name,
  ...(skipped !== undefined && { skipped }),
  run: async (signal) => {
    const subject = await make(signal)
    try {
      const session = sessionOf(subject, signal)
      await body(session)
      await session.journal.stats().then(
        () => requireSound(session.journal),
        // The check has closed it, or opened it anew and closed that.
        () => undefined,
      )
    } finally {
      await subject.close()
    }
  },
})

const sessionOf = (subject: JournalSubject, signal: AbortSignal): JournalSession => {
  const key = { tenant: 'default', context: 'talk' }
  let { journal } = subject
  const append = (request: Partial<Append>): Promise<Appended> =>
    journal.append({ ...key, head: mainHead, expected: '*', turns: [], ...request })
  const write = async (request: Partial<Append>): Promise<Written> => {
    const result = await append(request)
    assert.notEqual(result.outcome, 'conflict', `refused: the head is at ${result.head}`)
    if (result.outcome === 'conflict') throw new TypeError('Said above.')
    return { ...result, ids: result.turns.map(({ id }) => id) }
  }
  return {
    ...subject,
    get journal() {
      return journal
    },
    ...(subject.reopen && {
      reopen: async () => {
        journal = (await subject.reopen?.()) ?? journal
        return journal
      },
    }),
    signal,
    key,
    append,
    write,
    begin: (texts) => write({ expected: null, turns: texts.map((text) => say(text)) }),
    texts: async (end = { head: mainHead }, range) =>
      (await journal.path(key, end, range))?.turns.map(({ body }) => textOf(body)),
  }
}
