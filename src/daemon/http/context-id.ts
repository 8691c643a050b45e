import { Type } from '../../core/schema.ts'

/** Of contexts, turns and heads, as routes take them. */
export const idPattern = '^[A-Za-z0-9_-]{1,64}$'
export const id = (description: string) => Type.String({ pattern: idPattern, description })
