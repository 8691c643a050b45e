import { isRecord, numberOf, textOf, type Wire } from '../wire.ts'

/** How a worker wants conversations written, as POST /worker_get_conv_template tells. */
export interface Conversation {
  readonly name: string
  readonly systemTemplate: string
  readonly systemMessage: string
  /** How the user and the assistant are called. */
  readonly roles: readonly [string, string]
  /** Turns that stand before every conversation: role, text. */
  readonly messages: readonly (readonly [string, string])[]
  readonly style: number
  /** What ends a turn; where there are two, they take turns. */
  readonly separators: readonly [string, string]
  readonly stop: readonly string[]
  readonly stopTokenIds: readonly number[]
}

/** A turn of the conversation, by who speaks: 0 is the user, 1 the assistant. */
export interface Turn {
  readonly speaker: 0 | 1
  readonly text: string
}

/** Reads one; undefined when it is none. */
export const decodeConversation = (value: unknown): Conversation | undefined => {
  if (!isRecord(value)) return undefined
  const [user, assistant] = textsOf(value['roles'])
  const style = numberOf(value['sep_style'])
  if (user === undefined || assistant === undefined || style === undefined) return undefined
  const sep = typeof value['sep'] === 'string' ? value['sep'] : ''
  return {
    name: textOf(value['name']) ?? '',
    systemTemplate: textOf(value['system_template']) ?? '{system_message}',
    systemMessage: textOf(value['system_message']) ?? '',
    roles: [user, assistant],
    messages: turnsOf(value),
    style,
    separators: [sep, typeof value['sep2'] === 'string' ? value['sep2'] : ''],
    stop: typeof value['stop_str'] === 'string' ? [value['stop_str']] : textsOf(value['stop_str']),
    stopTokenIds: Array.isArray(value['stop_token_ids'])
      ? value['stop_token_ids'].filter((id): id is number => Number.isInteger(id))
      : [],
  }
}

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((text): text is string => typeof text === 'string') : []

const turnsOf = ({ messages }: Wire): [string, string][] =>
  (Array.isArray(messages) ? messages : []).flatMap((message: unknown): [string, string][] => {
    const [role, text] = Array.isArray(message) ? (message as unknown[]) : []
    return typeof role === 'string' && typeof text === 'string' ? [[role, text]] : []
  })

/** How turns are written in a style. */
interface Style {
  /** Before all turns. */
  readonly head: (system: string, conversation: Conversation) => string
  /** Between a role and what it says, and after a role that is to speak next. */
  readonly says: string
  readonly next: string
  /** After what the user said, and after what the assistant said. */
  readonly ends: (separators: Conversation['separators']) => readonly [string, string]
}

const always: Style['head'] = (system, { separators: [first] }) => system + first
const bare: Style['head'] = (system) => system
const ifThere =
  (more = ''): Style['head'] =>
  (system, { separators: [first] }) =>
    system === '' ? '' : system + first + more
const ifAsked =
  (withSeparator: boolean): Style['head'] =>
  (system, { systemMessage, separators: [first] }) =>
    systemMessage === '' ? '' : system + (withSeparator ? first : '')
const same =
  (more = ''): Style['ends'] =>
  ([first]) => [first + more, first + more]
const alternating: Style['ends'] = ([first, second]) => [first, second]

/** By the number of the style in FastChat 0.2.36. */
const styles: Readonly<Record<number, Style>> = {
  1: { head: always, says: ': ', next: ':', ends: same() },
  2: { head: always, says: ': ', next: ':', ends: alternating },
  3: { head: always, says: ': ', next: ': ', ends: same() },
  4: { head: bare, says: '', next: '', ends: same() },
  5: { head: bare, says: '', next: '', ends: alternating },
  6: { head: ifThere(), says: '\n', next: '\n', ends: same() },
  9: { head: ifThere('\n'), says: '\n', next: '\n', ends: same('\n') },
  11: {
    head: bare,
    says: ':\n',
    next: ':\n',
    ends: ([first, second]) => [first, `${second}\n\n`],
  },
  13: { head: bare, says: ': <s>', next: ': <s>', ends: () => ['</s>', '</s>'] },
  14: { head: always, says: ':\n', next: ':\n', ends: same() },
  15: { head: ifAsked(true), says: ': ', next: ':', ends: same() },
  16: { head: ifAsked(false), says: '\n', next: '', ends: () => ['', ''] },
  17: { head: bare, says: ': ', next: ':', ends: alternating },
}
/** Llama 2 has its system message inside of the first turn. */
const llama2Style = 7

/**
 * The prompt of a conversation, up to where the assistant is to speak. `system` replaces the system message of the
 * template. Undefined for a style that is not known here.
 */
export const writePrompt = (
  template: Conversation,
  turns: readonly Turn[],
  system?: string,
): string | undefined => {
  const conversation = system === undefined ? template : { ...template, systemMessage: system }
  const { roles, messages, style: number, systemTemplate, systemMessage } = conversation
  const head = systemTemplate.replaceAll('{system_message}', () => systemMessage)
  const all = [...messages, ...turns.map(({ speaker, text }) => [roles[speaker], text] as const)]
  if (number === llama2Style) return writeLlama2(conversation, head, all)
  const style = styles[number]
  if (!style) return undefined
  const ends = style.ends(conversation.separators)
  const written = all.map(([role, text], at) =>
    text === '' ? role + style.next : role + style.says + text + ends[at % 2]!,
  )
  return style.head(head, conversation) + written.join('') + roles[1] + style.next
}

const writeLlama2 = (
  { roles, separators, systemMessage }: Conversation,
  head: string,
  turns: readonly (readonly [string, string])[],
): string => {
  const written = turns.map(([, text], at) => {
    if (text === '') return roles[at % 2]!
    return at === 0 ? `${text} ` : `${roles[at % 2]} ${text}${separators[at % 2]}`
  })
  return (systemMessage === '' ? '[INST] ' : head) + written.join('') + roles[turns.length % 2]!
}
