import { Args, Flags } from '@oclif/core'

export const contextArg = Args.string({ description: 'id of the context', required: true })
export const refFlag = Flags.string({
  description: 'head to look at, or a turn',
  helpValue: 'name',
  default: 'main',
})
