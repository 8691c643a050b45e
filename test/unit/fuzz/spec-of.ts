import { loadDocument } from '../../../src/openapi/load.ts'
import { openSpec, type Spec } from '../../../src/openapi/spec.ts'

/** A document of these paths and components. */
export const specOf = (paths: object, components: object = {}, more: object = {}): Spec =>
  openSpec(
    loadDocument(
      Buffer.from(
        JSON.stringify({
          openapi: '3.1.0',
          info: { title: 'test', version: '1' },
          paths,
          components,
          ...more,
        }),
      ),
      'test',
    ),
  )
