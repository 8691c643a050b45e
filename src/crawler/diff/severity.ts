/** How bad a change is for those who kept to the old document. */
export type Severity = 'breaking' | 'risky' | 'safe'
/** `none`: not worth a word. */
export type Verdict = Severity | 'none'

const ranks: Readonly<Record<Verdict, number>> = { none: 0, safe: 1, risky: 2, breaking: 3 }

/** Whether the first verdict is at least as severe as the second. */
export const isAtLeast = (verdict: Verdict, than: Severity): boolean => ranks[verdict] >= ranks[than]

export const moreSevere = (left: Verdict, right: Verdict): number => ranks[right] - ranks[left]
