const opposites: readonly (readonly [RegExp, string])[] = [
  [/start/i, 'end'],
  [/min/i, 'max'],
  [/from/i, 'to'],
  [/after/i, 'before'],
  [/begin/i, 'end'],
  [/since/i, 'until'],
  [/lower/i, 'upper'],
  [/(check_?)in/i, '$1out'],
  [/low/i, 'high'],
]

/** Names that belong together, such as `startDate` and `endDate`. */
export const pairsOf = (names: readonly string[]): readonly (readonly [string, string])[] =>
  names.flatMap((name) =>
    opposites.flatMap(([word, other]): readonly (readonly [string, string])[] => {
      if (!word.test(name)) return []
      const wanted = name.replace(word, other).toLowerCase()
      const found = names.find((each) => each !== name && each.toLowerCase() === wanted)
      return found === undefined ? [] : [[name, found]]
    }),
  )
