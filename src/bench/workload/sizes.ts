import { McpdError } from '../../core/errors.ts'
import { normal, type Random } from '../random.ts'

/** How many tokens, as a number or a distribution. */
export type Sizes =
  | { readonly kind: 'fixed'; readonly tokens: number }
  | { readonly kind: 'uniform'; readonly least: number; readonly most: number }
  | { readonly kind: 'normal'; readonly mean: number; readonly deviation: number }
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number }

/** No request is made of more tokens than this, whatever a distribution draws. */
export const sizeMax = 1_000_000

const number = String.raw`(\d+(?:\.\d+)?)`
const forms: readonly (readonly [RegExp, (a: number, b: number) => Sizes])[] = [
  [new RegExp(`^${number}$`), (tokens) => ({ kind: 'fixed', tokens: Math.round(tokens) })],
  [new RegExp(`^${number}-${number}$`), (least, most) => ({ kind: 'uniform', least, most })],
  [new RegExp(`^normal:${number},${number}$`), (mean, deviation) => ({ kind: 'normal', mean, deviation })],
  [new RegExp(`^lognormal:${number},${number}$`), (median, sigma) => ({ kind: 'lognormal', median, sigma })],
]

/** Reads `256`, `64-512` (uniform), `normal:256,64` (mean, deviation) or `lognormal:256,0.5` (median, sigma). Throws USAGE. */
export const parseSizes = (text: string): Sizes => {
  for (const [form, make] of forms) {
    const match = form.exec(text.replaceAll(' ', ''))
    if (!match) continue
    const sizes = make(Number(match[1]), Number(match[2]))
    if (
      meanOf(sizes) < 1 ||
      meanOf(sizes) > sizeMax ||
      (sizes.kind === 'uniform' && sizes.least > sizes.most)
    )
      break
    return sizes
  }
  throw new McpdError('USAGE', `"${text}" is no number of tokens from 1 to ${sizeMax}.`, {
    suggestions: ['Write 256, 64-512, normal:256,64 or lognormal:256,0.5.'],
  })
}

export const drawSize = (sizes: Sizes, random: Random): number =>
  Math.min(sizeMax, Math.max(1, Math.round(draw(sizes, random))))

const draw = (sizes: Sizes, random: Random): number => {
  switch (sizes.kind) {
    case 'fixed':
      return sizes.tokens
    case 'uniform':
      return Math.floor(sizes.least + random() * (sizes.most - sizes.least + 1))
    case 'normal':
      return sizes.mean + sizes.deviation * normal(random)
    default:
      return sizes.median * Math.exp(sizes.sigma * normal(random))
  }
}

export const meanOf = (sizes: Sizes): number => {
  switch (sizes.kind) {
    case 'fixed':
      return sizes.tokens
    case 'uniform':
      return (sizes.least + sizes.most) / 2
    case 'normal':
      return sizes.mean
    default:
      return sizes.median * Math.exp(sizes.sigma ** 2 / 2)
  }
}

export const describeSizes = (sizes: Sizes): string => {
  switch (sizes.kind) {
    case 'fixed':
      return String(sizes.tokens)
    case 'uniform':
      return `${sizes.least}-${sizes.most}`
    case 'normal':
      return `normal:${sizes.mean},${sizes.deviation}`
    default:
      return `lognormal:${sizes.median},${sizes.sigma}`
  }
}
