import { Flags } from '@oclif/core'

/** Flags that say what a backend is. */
export const backendFlags = {
  url: Flags.string({ description: 'where it listens', helpValue: 'http://host:port' }),
  'api-key-from': Flags.string({ description: 'where its key is', helpValue: 'env:NAME|file:PATH' }),
  option: Flags.string({
    description: 'another option of its adapter; may be given more than once',
    helpValue: 'name=value',
    multiple: true,
    multipleNonGreedy: true,
  }),
}
