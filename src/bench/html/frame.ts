import { formatNumber } from '../render/quantity.ts'
import type { Scale } from './scale.ts'
import { escape, line, tag, text } from './svg.ts'

/** Where a chart's own area is, inside of its picture. */
export interface Area {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

export const width = 1000

export const areaOf = (height: number, given: Partial<Area> = {}): Area => ({
  left: 56,
  right: width - 16,
  top: 12,
  bottom: height - 40,
  ...given,
})

export const picture = (height: number, label: string, content: readonly string[]): string =>
  tag('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label }, content.join(''))

export interface AxisOptions {
  readonly label?: string
  readonly format?: (value: number) => string
}

export const bottomAxis = (
  { left, right, top, bottom }: Area,
  scale: Scale,
  options: AxisOptions = {},
): string => {
  const { label, format = formatTick } = options
  return [
    line(left, bottom, right, bottom, 'axis'),
    ...scale.ticks.map((tick) => {
      const x = scale(tick)
      return (
        line(x, top, x, bottom, 'grid') +
        text(x, bottom + 15, format(tick), { class: 'tick', 'text-anchor': 'middle' })
      )
    }),
    label === undefined ? '' : text(right, bottom + 31, label, { class: 'unit', 'text-anchor': 'end' }),
  ].join('')
}

export const leftAxis = ({ left, right, top }: Area, scale: Scale, options: AxisOptions = {}): string => {
  const { label, format = formatTick } = options
  return [
    ...scale.ticks.map((tick) => {
      const y = scale(tick)
      return (
        line(left, y, right, y, 'grid') +
        text(left - 8, y + 4, format(tick), { class: 'tick', 'text-anchor': 'end' })
      )
    }),
    label === undefined ? '' : text(left + 6, top + 10, label, { class: 'unit' }),
  ].join('')
}

/** `1k` for a thousand; no more digits than a mark needs. */
export const formatTick = (value: number): string => {
  if (Math.abs(value) >= 1e6) return `${Number((value / 1e6).toPrecision(3))}M`
  if (Math.abs(value) >= 1e4) return `${Number((value / 1e3).toPrecision(3))}k`
  return Number.isInteger(value) ? String(value) : String(Number(formatNumber(value)))
}

export interface Entry {
  readonly kind: string
  readonly label: string
}

export const legend = (entries: readonly Entry[]): string =>
  tag(
    'div',
    { class: 'legend' },
    entries
      .map(({ kind, label }) => `<span><i class="swatch ${escape(kind)}"></i>${escape(label)}</span>`)
      .join(''),
  )

/** A panel of the page; nothing for one that has nothing to show. */
export const panel = (title: string, explanation: string, content: string): string =>
  content === ''
    ? ''
    : `<section><h2>${escape(title)}</h2><p class="why">${escape(explanation)}</p>${content}</section>`
