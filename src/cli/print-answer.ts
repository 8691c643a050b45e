import { once } from 'node:events'
import { styleText } from 'node:util'
import type { ChatEvent } from '../client/index.ts'
import { printable } from './printable.ts'

interface Printing {
  readonly output: NodeJS.WriteStream
  readonly warn: (text: string) => void
}

/**
 * Prints an answer as it is written. On a terminal its reasoning comes first, dimmed, and control characters are taken
 * out; a pipe or file gets the text alone, as it is.
 */
export const printAnswer = async (
  events: AsyncIterable<ChatEvent>,
  { output, warn }: Printing,
): Promise<void> => {
  let last = ''
  let isReasoning = false
  const write = async (text: string, style?: 'dim'): Promise<void> => {
    if (text === '') return
    last = text
    const shown = output.isTTY ? printable(text) : text
    if (!output.write(style ? styleText(style, shown, { stream: output }) : shown))
      await once(output, 'drain')
  }
  try {
    for await (const event of events) {
      if (event.type === 'start') for (const warning of event.warnings) warn(warning)
      if (event.type === 'reasoning-delta' && output.isTTY) {
        if (!isReasoning) await write('Thinking: ', 'dim')
        isReasoning = true
        await write(event.text, 'dim')
      }
      if (event.type === 'text-delta') {
        if (isReasoning) await write(last.endsWith('\n') ? '\n' : '\n\n')
        isReasoning = false
        await write(event.text)
      }
      if (event.type === 'tool-call-delta')
        await write(`${event.name === undefined ? '' : `\n${event.name} `}${event.argumentsText}`)
      if (event.type === 'finish' && event.reason === 'length')
        warn('The answer stopped at the limit of tokens.')
    }
  } finally {
    // Whatever comes next, a shell prompt or an error, begins a line.
    if (last !== '' && !last.endsWith('\n')) output.write('\n')
  }
}
