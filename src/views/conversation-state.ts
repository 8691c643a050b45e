import type { ChatEvent, ChatMessage } from '../client/index.ts'

/** What is on the screen for good. Only turns that got an answer are sent to the model again. */
export interface Turn {
  readonly role: 'user' | 'assistant' | 'notice'
  readonly text: string
  readonly reasoning?: string
  /** Left out of what the model is told, since nothing came of it. */
  readonly forgotten?: boolean
}

export interface ConversationState {
  readonly turns: readonly Turn[]
  /** The answer that is being written. */
  readonly answer?: { readonly text: string; readonly reasoning: string }
}

export type ConversationAction =
  | { readonly type: 'ask'; readonly text: string }
  | { readonly type: 'event'; readonly event: ChatEvent }
  /** The answer ended: by itself, or with a reason why it is not complete. */
  | { readonly type: 'end'; readonly notice?: string }
  | { readonly type: 'notice'; readonly text: string }
  | { readonly type: 'forget' }

export const reduceConversation = (
  state: ConversationState,
  action: ConversationAction,
): ConversationState => {
  switch (action.type) {
    case 'ask':
      return {
        turns: [...state.turns, { role: 'user', text: action.text }],
        answer: { text: '', reasoning: '' },
      }
    case 'event':
      return receive(state, action.event)
    case 'end':
      return endAnswer(state, action.notice)
    case 'notice':
      return { ...state, turns: [...state.turns, { role: 'notice', text: action.text }] }
    default:
      return {
        ...state,
        turns: [
          ...state.turns.map((turn) => ({ ...turn, forgotten: true })),
          { role: 'notice', text: 'Begun anew: the model knows nothing of the above.' },
        ],
      }
  }
}

const receive = (state: ConversationState, event: ChatEvent): ConversationState => {
  const { answer } = state
  if (answer === undefined) return state
  if (event.type === 'text-delta' && event.index === 0)
    return { ...state, answer: { ...answer, text: answer.text + event.text } }
  if (event.type === 'reasoning-delta' && event.index === 0)
    return { ...state, answer: { ...answer, reasoning: answer.reasoning + event.text } }
  const notices =
    event.type === 'start'
      ? event.warnings
      : event.type === 'finish' && event.reason === 'length'
        ? ['The answer stopped at the limit of tokens.']
        : []
  return notices.reduce((next, text) => reduceConversation(next, { type: 'notice', text }), state)
}

const endAnswer = ({ turns, answer }: ConversationState, notice?: string): ConversationState => {
  const text = answer?.text ?? ''
  const reasoning = answer?.reasoning ?? ''
  const said: Turn[] =
    text === '' && reasoning === ''
      ? []
      : [{ role: 'assistant', text, ...(reasoning !== '' && { reasoning }) }]
  // A question without an answer would put two user messages in a row, which many chat templates refuse.
  const asked = text === '' ? forgetLastQuestion(turns) : turns
  return {
    turns: [...asked, ...said, ...(notice === undefined ? [] : [{ role: 'notice' as const, text: notice }])],
  }
}

const forgetLastQuestion = (turns: readonly Turn[]): Turn[] => {
  const last = turns.findLastIndex(({ role }) => role === 'user')
  return turns.map((turn, index) => (index === last ? { ...turn, forgotten: true } : turn))
}

/** What the model is told of the conversation so far, after the messages it began with. */
export const messagesOf = (begin: readonly ChatMessage[], { turns }: ConversationState): ChatMessage[] => [
  ...begin,
  ...turns.flatMap(({ role, text, forgotten }) =>
    role === 'notice' || forgotten || text === '' ? [] : [{ role, content: text }],
  ),
]
