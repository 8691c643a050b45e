/** A walk over the text of a JSON document that JSON.parse has already accepted. Offsets are in UTF-16 units. */
export interface JsonTextVisitor {
  /** Called for each member name and list index, with the offset of the name or item. Return false to skip its value. */
  enter(name: string | number, offset: number, owner: object): boolean
  leave?(): void
}

const isSpace = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9

export const walkJsonText = (text: string, visitor: JsonTextVisitor): void => {
  let at = 0
  const space = (): void => {
    while (isSpace(text.charCodeAt(at))) at++
  }
  const stringEnd = (from: number): number => {
    let end = text.indexOf('"', from + 1)
    for (;;) {
      let slashes = 0
      while (text.charCodeAt(end - 1 - slashes) === 92) slashes++
      if (slashes % 2 === 0) return end + 1
      end = text.indexOf('"', end + 1)
    }
  }
  const scalar = (): void => {
    for (let code = text.charCodeAt(at); at < text.length; code = text.charCodeAt(++at))
      if (code === 44 || code === 93 || code === 125 || isSpace(code)) return
  }
  /** Jumps over a value without looking into it. */
  const skip = (): void => {
    const first = text.charCodeAt(at)
    if (first === 34) at = stringEnd(at)
    else if (first !== 123 && first !== 91) scalar()
    else {
      let depth = 0
      do {
        const code = text.charCodeAt(at)
        if (code === 34) at = stringEnd(at)
        else {
          if (code === 123 || code === 91) depth++
          else if (code === 125 || code === 93) depth--
          at++
        }
      } while (depth > 0)
    }
  }
  const value = (): void => {
    space()
    const code = text.charCodeAt(at)
    if (code === 123) members()
    else if (code === 91) items()
    else if (code === 34) at = stringEnd(at)
    else scalar()
  }
  const visit = (name: string | number, offset: number, owner: object): void => {
    if (!visitor.enter(name, offset, owner)) {
      space()
      skip()
      return
    }
    value()
    visitor.leave?.()
  }
  const members = (): void => {
    const owner = {}
    at++
    space()
    while (text.charCodeAt(at) !== 125) {
      const start = at
      at = stringEnd(at)
      const name = JSON.parse(text.slice(start, at)) as string
      space()
      at++ // the colon
      visit(name, start, owner)
      space()
      if (text.charCodeAt(at) === 44) at++
      space()
    }
    at++
  }
  const items = (): void => {
    const owner = {}
    at++
    space()
    for (let index = 0; text.charCodeAt(at) !== 93; index++) {
      visit(index, at, owner)
      space()
      if (text.charCodeAt(at) === 44) at++
      space()
    }
    at++
  }
  value()
}
