import type { Notes } from './notes.ts'
import { type Setting, variableReference } from './reference.ts'

/** Turns keys into references. One that is written out gets a variable, and the same key always the same one. */
export interface Secrets {
  /** `proposal` is the variable for a key that is written out at `pointer`. */
  write(key: Setting, pointer: string, proposal: string): string
}

export const createSecrets = (notes: Notes): Secrets => {
  const variables = new Map<string, string>()
  const taken = new Set<string>()

  const free = (proposal: string): string => {
    let name = proposal
    for (let count = 2; taken.has(name); count += 1) name = `${proposal}_${count}`
    return name
  }

  return {
    write: (key, pointer, proposal) => {
      if ('variable' in key) {
        taken.add(key.variable)
        return variableReference(key.variable)
      }
      const variable = variables.get(key.literal) ?? free(proposal)
      variables.set(key.literal, variable)
      taken.add(variable)
      notes.add(
        pointer,
        `the key is written out there; it is not copied. Put it into the environment as ${variable}.`,
      )
      return variableReference(variable)
    },
  }
}
