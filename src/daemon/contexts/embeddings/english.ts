/**
 * Whether a text is English as far as its smallest words tell; a model made for English gives nonsense for others. A
 * text of a few words counts as English when its letters could be.
 */
export const isEnglish = (text: string): boolean => {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? []
  if (words.length === 0) return false
  const plain = words.filter((word) => /^[a-z]+$/.test(word)).length
  if (plain < words.length * 0.9) return false
  const small = words.filter((word) => smallWords.has(word)).length
  return small >= words.length * (words.length < shortWords ? 0.1 : 0.15) || words.length < 3
}

/** Texts of fewer words may be all nouns. */
const shortWords = 12

/** None of them is a common word of another language that is written with the same letters. */
const smallWords: ReadonlySet<string> = new Set(
  (
    'the of and to is it for with his by this had not are but from have they which you were she there would their ' +
    'been when who if out up what its about than into them can only other some could these then any my our how did ' +
    'does where why your that i'
  ).split(' '),
)
