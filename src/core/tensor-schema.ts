import { Type } from './schema.ts'
import { datatypes, dimensionsMax } from './tensor.ts'

/** Tensors as JSON Schema, wherever they come from outside. What they say of themselves `tensorFault` checks. */

export const tensorParametersSchema = Type.Record(
  Type.String(),
  Type.Unsafe<string | number | boolean>({ type: ['string', 'number', 'boolean'] }),
)

export const tensorSchema = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    datatype: Type.Enum(Object.keys(datatypes)),
    shape: Type.Array(Type.Integer({ minimum: 0 }), { maxItems: dimensionsMax }),
    data: Type.Optional(
      Type.Array(Type.Unsafe<string | number | boolean>({ type: ['string', 'number', 'boolean'] }), {
        description:
          'As many values as the shape says, row by row, without nesting. BYTES are text; integers that a number ' +
          'cannot hold exactly are decimal text.',
      }),
    ),
    base64: Type.Optional(
      Type.String({
        description:
          'In place of data, for FP16, BF16 and BYTES that are no text: little-endian, each of BYTES behind its ' +
          'length as uint32.',
      }),
    ),
    parameters: Type.Optional(tensorParametersSchema),
  },
  { description: 'Has either data or base64.' },
)

export const wantedOutputSchema = Type.Object({
  name: Type.String({ minLength: 1 }),
  parameters: Type.Optional(tensorParametersSchema),
})
