import type { Message } from '../../core/inference.ts'

/** Of a longer text only so much is searched: the beginning of a file says what it is. */
const searchedMaxChars = 32_768

/**
 * The words of a text as they are compared: lower case, without accents and endings of English. Identifiers such as
 * `x-17` or `user_id` count whole and by their parts; scripts without spaces by pairs of characters.
 */
export const termsOf = (text: string): string[] => {
  const terms: string[] = []
  const cut = text.slice(0, searchedMaxChars)
  const isPlain = plain.test(cut)
  for (const word of (isPlain ? cut : fold(cut)).toLowerCase().match(isPlain ? plainWord : anyWord) ?? [])
    for (const term of wordTerms(word)) terms.push(term)
  return terms
}

/** Terms of words met before: texts consist of few words, again and again. */
const known = new Map<string, readonly string[]>()
const knownMax = 50_000
const knownMaxChars = 64

const wordTerms = (word: string): readonly string[] => {
  const found = known.get(word)
  if (found) return found
  const made = makeTerms(word)
  if (word.length > knownMaxChars) return made
  if (known.size >= knownMax) known.clear()
  known.set(word, made)
  return made
}

const makeTerms = (word: string): readonly string[] => {
  if (unspaced.test(word)) return pairsOf(word)
  return /[^\p{L}\p{N}]/u.test(word)
    ? [word, ...word.split(/[^\p{L}\p{N}]+/u).flatMap(wordTerm)]
    : wordTerm(word)
}

/** What of a message is searched: what is said, what is called and with what. */
export const searchTextOf = ({ content, toolCalls = [] }: Message): string =>
  [
    ...(typeof content === 'string'
      ? [content]
      : (content ?? []).map((part) => (part.type === 'text' ? part.text : ''))),
    ...toolCalls.map(({ name, argumentsText }) => `${name} ${argumentsText}`),
  ].join('\n')

const plain = /^[\0-\x7f]*$/
const plainWord = /[a-z0-9]+(?:[-_./@:#+][a-z0-9]+)*/g
const anyWord = /[\p{L}\p{N}]+(?:[-_./@:#+][\p{L}\p{N}]+)*/gu
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u

const fold = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '')

const pairsOf = (word: string): string[] => {
  const characters = Array.from(word)
  return characters.length < 2
    ? characters
    : characters.slice(1).map((character, at) => characters[at]! + character)
}

const wordTerm = (word: string): string[] => (stopWords.has(word) ? [] : [stem(word)])

/** Just enough that plurals and the forms of verbs meet; a wrong stem is wrong in both texts alike. */
const stem = (word: string): string => {
  if (word.length < 4 || /\p{N}/u.test(word)) return word
  const plain = word
    .replace(/(?:'s|’s)$/, '')
    .replace(/ies$/, 'y')
    .replace(/(ss|x|ch|sh)es$/, '$1')
    .replace(/([^su])s$/, '$1')
  const root = plain.replace(/(?:ing|edly|ed|ly)$/, '')
  return (root.length < 3 ? plain : root).replace(/(.)\1$/, '$1').replace(/e$/, '')
}

/** Words that every text has. They would pull in whatever is long. */
const stopWords: ReadonlySet<string> = new Set(
  (
    'a about all also d don ll m re s t ve an and any are as at be been but by can could did do does for from get go had has have he her ' +
    'here him his how i if in into is it its just let like may me my no not now of ok on one or our out please say ' +
    'she should so some tell than thank thanks that the their them then there these they this those to too up us ' +
    'was we well were what when where which who why will with would yes you your again remind exactly'
  ).split(' '),
)
