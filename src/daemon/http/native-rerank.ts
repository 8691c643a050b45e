import { Type } from '../../core/schema.ts'
import { mcpdWithoutContext } from '../../dialects/openai/request-schemas.ts'
import { rerankMembers } from '../../dialects/openai/rerank-schemas.ts'
import { measured, served } from './native-schemas.ts'

/** Rerank on the native surface. */

const closed = { additionalProperties: false }

const rerankRequestSchema = Type.Object(
  { ...rerankMembers, mcpd: mcpdWithoutContext },
  { $id: 'NativeRerankRequest', description: 'Documents to put in order by how well they answer a query.' },
)

const rerankAnswerSchema = Type.Object(
  {
    ...served,
    output: Type.Object(
      {
        ranking: Type.Array(
          Type.Object(
            {
              index: Type.Integer({ minimum: 0, description: 'Of the document in the request.' }),
              score: Type.Number({ description: 'Of two, the higher is the better.' }),
            },
            closed,
          ),
          { description: 'Best first.' },
        ),
      },
      closed,
    ),
    ...measured,
  },
  { ...closed, $id: 'RerankAnswer' },
)

export const nativeRerankSchemas = [rerankRequestSchema, rerankAnswerSchema]
