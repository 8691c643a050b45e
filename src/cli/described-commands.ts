import type { Command } from '@oclif/core'
import type { CompletedCommand, CompletedFlag } from './completion.ts'

/** oclif's metadata, reduced to what completion needs. Hidden commands and flags stay hidden. */
export const describeCommands = (commands: readonly Command.Cached[]): CompletedCommand[] =>
  commands
    .filter(({ hidden }) => !hidden)
    .map(({ id, summary, description, flags, args }) => ({
      words: id.split(':'),
      summary: firstLine(summary ?? description),
      flags: Object.entries(flags).flatMap(([name, flag]) => (flag.hidden ? [] : [describeFlag(name, flag)])),
      values: Object.values(args)[0]?.options ?? [],
    }))

const describeFlag = (name: string, flag: Command.Flag.Cached): CompletedFlag => ({
  name,
  description: firstLine(flag.summary ?? flag.description),
  ...(flag.char !== undefined && { char: flag.char }),
  takesValue: flag.type === 'option',
  values: (flag.type === 'option' && flag.options) || [],
})

const firstLine = (text: string | undefined): string => text?.split('\n')[0] ?? ''
