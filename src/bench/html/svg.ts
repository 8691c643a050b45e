/** Text as it may stand in HTML and in attributes. */
export const escape = (text: string | number): string =>
  String(text).replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`)

export type Attributes = Readonly<Record<string, string | number | undefined>>

/** An element; `content` is markup already. */
export const tag = (name: string, attributes: Attributes, content = ''): string => {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? short(value) : escape(value!)}"`)
    .join('')
  return `<${name}${written}>${content}</${name}>`
}

/** Two digits are a hundredth of a pixel. */
const short = (value: number): string => String(Math.round(value * 100) / 100)

export const text = (x: number, y: number, content: string | number, attributes: Attributes = {}): string =>
  tag('text', { x, y, ...attributes }, escape(content))

export const line = (x1: number, y1: number, x2: number, y2: number, kind: string): string =>
  tag('line', { x1, y1, x2, y2, class: kind })

/** A line through points; a null ends one stretch and the next point begins another. */
export const path = (points: readonly (readonly [number, number] | null)[], kind: string): string => {
  let isPenDown = false
  const steps = points.map((point) => {
    if (!point) {
      isPenDown = false
      return ''
    }
    const step = `${isPenDown ? 'L' : 'M'}${short(point[0])} ${short(point[1])}`
    isPenDown = true
    return step
  })
  return tag('path', { d: steps.join(''), class: kind })
}

/** The area between a line and the height `base`. */
export const area = (points: readonly (readonly [number, number])[], base: number, kind: string): string => {
  const [first] = points
  const last = points.at(-1)
  if (!first || !last) return ''
  const top = points.map(([x, y]) => `L${short(x)} ${short(y)}`).join('')
  return tag('path', {
    d: `M${short(first[0])} ${short(base)}${top}L${short(last[0])} ${short(base)}Z`,
    class: kind,
  })
}

/** With the words that a pointer shows. */
export const titled = (name: string, attributes: Attributes, title: string): string =>
  tag(name, attributes, tag('title', {}, escape(title)))
