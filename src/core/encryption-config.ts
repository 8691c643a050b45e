import type { Static } from 'typebox'
import { Type } from './schema.ts'
import { McpdError } from './errors.ts'

const closed = { additionalProperties: false }
const keyBytes = 32

/** `contexts.encryption` of mcpd.yaml. */
export const encryptionSchema = Type.Object(
  {
    keys: Type.Array(
      Type.Object(
        {
          id: Type.String({
            pattern: '^[A-Za-z0-9_-]{1,32}$',
            description: 'Its name, which is stored beside what it encrypts.',
          }),
          key: Type.String({
            minLength: 1,
            description:
              'Where it is: ${env:NAME} or ${file:PATH} with 32 bytes as base64 or hex, such as of openssl rand -base64 32.',
          }),
        },
        closed,
      ),
      { minItems: 1, maxItems: 16, description: 'The first encrypts what is written, all decrypt.' },
    ),
  },
  { ...closed, description: 'Encrypts conversations before they are kept.' },
)

export interface EncryptionConfig {
  readonly keys: readonly {
    readonly id: string
    /** 32 bytes, never to be shown. */ readonly key: Uint8Array
  }[]
}

/** Throws CONFIG_INVALID for a key that is not one, or an id that comes twice. */
export const resolveEncryption = ({ keys }: Static<typeof encryptionSchema>): EncryptionConfig => {
  const twice = keys.find(({ id }, index) => keys.findIndex((other) => other.id === id) !== index)
  if (twice) throw new McpdError('CONFIG_INVALID', `contexts.encryption names the key ${twice.id} twice.`)
  return { keys: keys.map(({ id, key }) => ({ id, key: readKey(id, key.trim()) })) }
}

const readKey = (id: string, text: string): Uint8Array => {
  const isHex = /^[0-9a-f]{64}$/i.test(text)
  const bytes = new Uint8Array(Buffer.from(text, isHex ? 'hex' : 'base64'))
  if (isHex || (/^[A-Za-z0-9+/_-]{43}=?$/.test(text) && bytes.length === keyBytes)) return bytes
  throw new McpdError(
    'CONFIG_INVALID',
    `The key ${id} of contexts.encryption is not ${keyBytes} bytes as base64 or hex.`,
    { suggestions: ['Make one with `openssl rand -base64 32`.'] },
  )
}
