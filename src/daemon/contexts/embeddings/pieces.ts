/** Of a text so much is embedded, in as many pieces at most: models read no more than a few hundred tokens at once. */
const piecesMax = 16
const textMaxChars = 8000
/** About a sentence. One vector for a long message says of everything in it a little, and is found by nothing. */
const pieceChars = 80

/** A text cut between sentences and lines into pieces of about equal length; none of an empty one. */
export const piecesOf = (text: string): readonly string[] => {
  const cut = text.slice(0, textMaxChars).trim()
  if (cut === '') return []
  const wantedChars = Math.max(pieceChars, Math.ceil(cut.length / piecesMax))
  const pieces: string[] = []
  let piece = ''
  for (const sentence of cut.split(/(?<=[.!?。！？]\s+|[。！？\n])/)) {
    if (piece !== '' && piece.length + sentence.length > wantedChars && pieces.length < piecesMax - 1) {
      pieces.push(piece.trim())
      piece = ''
    }
    piece += sentence
  }
  return [...pieces, piece.trim()].filter((each) => each !== '')
}
