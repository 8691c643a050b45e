import { Type } from '../../core/schema.ts'

const closed = { additionalProperties: false }
const bytes = (description: string) => Type.Optional(Type.Integer({ minimum: 0, description }))
const text = (description: string) => Type.Optional(Type.String({ description }))

/** Where a model lies, on disk and in memory: members of ModelInfo. */
export const modelPlaces = {
  file: Type.Optional(
    Type.Object(
      {
        digest: text('Of its files.'),
        sizeBytes: bytes('Size of its files.'),
        format: text('Such as gguf.'),
        family: text('The architecture, such as llama.'),
        parameterSize: text('Such as 8.0B.'),
        quantization: text('Such as Q4_K_M.'),
      },
      { ...closed, description: 'What its files are, as far as the backend says.' },
    ),
  ),
  memory: Type.Optional(
    Type.Union(
      [
        Type.Object(
          {
            sizeBytes: bytes('What it takes.'),
            gpuBytes: bytes('The part of it on a graphics card.'),
            expiresAt: text('When it is given up if nobody uses it; RFC 3339.'),
          },
          closed,
        ),
        Type.Null(),
      ],
      {
        description: 'Its place in memory; null when it has none now; absent where the backend does not say.',
      },
    ),
  ),
}
