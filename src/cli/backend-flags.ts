import { Flags } from '@oclif/core'
import { secretHelpValue } from './secret-reference.ts'

/** Flags that say what a backend is. */
export const backendFlags = {
  url: Flags.string({ description: 'where it listens', helpValue: 'http://host:port' }),
  'api-key-from': Flags.string({ description: 'where its key is', helpValue: secretHelpValue }),
  option: Flags.string({
    description: 'another option of its adapter; may be given more than once',
    helpValue: 'name=value',
    multiple: true,
    multipleNonGreedy: true,
  }),
}
