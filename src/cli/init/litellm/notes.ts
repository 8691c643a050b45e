import { below } from '../../../core/config-file.ts'

/** Collects what is not taken over, so that nothing is left out in silence. Values are never noted: they may be secret. */
export interface Notes {
  /** `why` is about the setting at a JSON pointer. */
  add(pointer: string, why: string): void
  /** Members of the mapping at a pointer for which there is nothing in mcpd. */
  leftOut(pointer: string, mapping: Readonly<Record<string, unknown>>, known: ReadonlySet<string>): void
  /** In the order in which they stand in the file. */
  all(): readonly string[]
}

/** `lines` are `path:line` of every setting by JSON pointer. */
export const createNotes = (lines: ReadonlyMap<string, string>): Notes => {
  const noted: { readonly line: number; readonly text: string }[] = []

  const add = (pointer: string, why: string): void => {
    const at = lines.get(pointer) ?? ''
    noted.push({
      line: Number(/\d+$/.exec(at)?.[0] ?? 0),
      text: `${at}${at === '' ? '' : ' '}${shownPath(pointer)}: ${why}`,
    })
  }

  const leftOut: Notes['leftOut'] = (pointer, mapping, known) => {
    for (const name of Object.keys(mapping))
      if (!known.has(name)) add(below(pointer, name), reasons[name] ?? 'has no counterpart in mcpd.')
  }

  return {
    add,
    leftOut,
    all: () => noted.toSorted((left, right) => left.line - right.line).map(({ text }) => text),
  }
}

const perMinute = 'mcpd limits how many requests run at once (concurrency), not how many per minute.'
const noDefaults = 'mcpd adds no parameters that the client did not send.'
const noCosts = 'mcpd counts tokens, not costs.'
const noFallbacks = 'give the group a target of weight 0: it is asked when all others have failed.'

const reasons: Readonly<Record<string, string>> = {
  rpm: perMinute,
  tpm: perMinute,
  temperature: noDefaults,
  max_tokens: noDefaults,
  top_p: noDefaults,
  input_cost_per_token: noCosts,
  output_cost_per_token: noCosts,
  fallbacks: noFallbacks,
  default_fallbacks: noFallbacks,
  context_window_fallbacks: 'mcpd does not choose a model by the length of a prompt.',
}

/** `/model_list/0/model_name` → `model_list[0].model_name`. */
const shownPath = (pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : `${index === 0 ? '' : '.'}${part}`))
    .join('')
