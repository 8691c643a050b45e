import { Box, render, type RenderOptions, Static, Text, useApp, useInput, usePaste, useWindowSize } from 'ink'
import { createElement as h, type ReactNode, useEffect, useReducer, useRef, useState } from 'react'
import { printable } from '../cli/printable.ts'
import type { ChatRequest, Client } from '../client/index.ts'
import { type ConversationState, messagesOf, reduceConversation, type Turn } from './conversation-state.ts'
import { edit, emptyLine, type Line, splitAtCursor } from './line-editor.ts'
import { lastLines } from './last-lines.ts'

export interface ConversationOptions {
  readonly client: Pick<Client, 'chatStream'>
  /** Model and sampling; its messages come before the conversation. */
  readonly request: ChatRequest
  /** The cursor is drawn by a character of its own, for a terminal without styles. */
  readonly plain?: boolean
  /** Closes the conversation. */
  readonly signal: AbortSignal
  /** Where it is drawn and typed, for tests; default: this process's terminal. */
  readonly terminal?: Pick<RenderOptions, 'stdin' | 'stdout' | 'debug'>
}

/** Talks until /exit, Ctrl-D, Ctrl-C while nothing is being answered, or the signal, whose reason it then throws. */
export const openConversation = async (options: ConversationOptions): Promise<void> => {
  const { signal, terminal } = options
  const screen = render(h(Conversation, options), { exitOnCtrlC: false, interactive: true, ...terminal })
  const close = (): void => screen.unmount()
  signal.addEventListener('abort', close, { once: true })
  try {
    await screen.waitUntilExit()
  } finally {
    signal.removeEventListener('abort', close)
  }
  signal.throwIfAborted()
}

const Conversation = ({ client, request, plain = false }: ConversationOptions): ReactNode => {
  const { exit } = useApp()
  const { state, ask, stop, dispatch } = useAnswers(client, request)
  const [line, setLine] = useLine()
  const recall = useRecall(state.turns, setLine)

  const submit = (typed: string): void => {
    const text = typed.trim()
    setLine(emptyLine)
    recall.reset()
    if (text === '/exit' || text === '/quit') exit()
    else if (text === '/clear') dispatch({ type: 'forget' })
    else if (text.startsWith('/') && !text.includes(' ')) dispatch({ type: 'notice', text: help })
    else if (text !== '') ask(text)
  }

  useInput((input, key) => {
    const isInterrupt = key.ctrl && input === 'c'
    if (state.answer) {
      if (isInterrupt || key.escape) stop()
    } else if (isInterrupt || (key.ctrl && input === 'd' && line().text === '')) exit()
    else if (key.upArrow || key.downArrow) recall.move(key.upArrow ? -1 : 1)
    else if (key.return) submit(line().text)
    // Typed faster than it is read, Enter arrives together with the text before it.
    else if (!key.ctrl && input.endsWith('\r')) submit(edit(line(), input.slice(0, -1), key).text)
    else setLine(edit(line(), input, key))
  })
  usePaste((text) => setLine(edit(line(), printable(text.replaceAll(/\r\n?/g, '\n')), {})))

  return h(
    Box,
    { flexDirection: 'column' },
    h(Static<Turn>, {
      items: [greeting(request.model), ...state.turns],
      children: (turn, index) => h(TurnView, { key: index, turn }),
    }),
    state.answer ? h(AnswerView, state.answer) : h(Prompt, { line: line(), plain }),
  )
}

/** The line that is typed. Keys come faster than screens, so that it is read from where the last key left it. */
const useLine = (): readonly [() => Line, (line: Line) => void] => {
  const latest = useRef(emptyLine)
  const [, draw] = useState(emptyLine)
  const set = (line: Line): void => {
    latest.current = line
    draw(line)
  }
  return [() => latest.current, set]
}

/** Asks the model and keeps what was said. */
const useAnswers = (client: Pick<Client, 'chatStream'>, request: ChatRequest) => {
  const [state, dispatch] = useReducer(reduceConversation, { turns: [] } as ConversationState)
  const running = useRef<AbortController>(undefined)
  useEffect(() => () => running.current?.abort(), [])

  const answer = async (text: string): Promise<void> => {
    const controller = new AbortController()
    running.current = controller
    const messages = [...messagesOf(request.messages, state), { role: 'user' as const, content: text }]
    dispatch({ type: 'ask', text })
    try {
      for await (const event of client.chatStream({ ...request, messages }, controller))
        dispatch({ type: 'event', event })
      dispatch({ type: 'end' })
    } catch (error) {
      const notice = controller.signal.aborted
        ? 'Stopped.'
        : error instanceof Error
          ? error.message
          : String(error)
      dispatch({ type: 'end', notice })
    }
  }
  return { state, dispatch, ask: (text: string) => void answer(text), stop: () => running.current?.abort() }
}

/** Up and down through what was asked before. */
const useRecall = (turns: readonly Turn[], setLine: (line: Line) => void) => {
  const back = useRef(0)
  const asked = turns.filter(({ role }) => role === 'user')
  return {
    move: (step: number): void => {
      back.current = Math.max(0, Math.min(asked.length, back.current - step))
      const text = back.current === 0 ? '' : (asked[asked.length - back.current]?.text ?? '')
      setLine(edit(emptyLine, text, {}))
    },
    reset: (): void => {
      back.current = 0
    },
  }
}

const help = '/clear begins anew, /exit leaves. Ctrl-C stops an answer.'
const greeting = (model: string): Turn => ({ role: 'notice', text: `${model}. ${help}` })

const TurnView = ({ turn }: { readonly turn: Turn }): ReactNode => {
  const text = printable(turn.text)
  if (turn.role === 'notice') return h(Text, { dimColor: true }, text)
  if (turn.role === 'user') return h(Box, { marginTop: 1 }, h(Text, { bold: true }, `> ${text}`))
  return h(
    Box,
    { flexDirection: 'column' },
    turn.reasoning && h(Text, { dimColor: true, italic: true }, printable(turn.reasoning.trim())),
    text !== '' && h(Text, null, text),
  )
}

/** Ink redraws this at every token and cannot redraw what has scrolled away, so that only the end is shown. */
const AnswerView = ({
  text,
  reasoning,
}: {
  readonly text: string
  readonly reasoning: string
}): ReactNode => {
  const { rows, columns } = useWindowSize()
  const shown = text === '' ? reasoning : text
  return h(
    Text,
    { dimColor: text === '', italic: text === '' && shown !== '' },
    shown === '' ? '…' : lastLines(printable(shown), Math.max(3, rows - 3), columns),
  )
}

const Prompt = ({ line, plain }: { readonly line: Line; readonly plain: boolean }): ReactNode => {
  const [before, under, after] = splitAtCursor(line)
  // A line end under the cursor has to be seen, and to remain one.
  const [seen, rest] = under === '\n' ? [' ', `\n${after}`] : [under, after]
  const cursor = plain ? `▏${seen}` : h(Text, { inverse: true }, seen)
  return h(Box, { marginTop: 1 }, h(Text, null, h(Text, { bold: true }, '> '), before, cursor, rest))
}
