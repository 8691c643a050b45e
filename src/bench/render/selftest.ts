import type { Selftest } from '../selftest/selftest.ts'
import { formatMs, formatNumber } from './quantity.ts'

/** What `mcpd bench selftest` prints. */
export const renderSelftest = ({
  accuracy,
  client,
  clientCpu,
  tokensPerSecond,
  isValid,
  reasons,
}: Selftest): string => {
  const row = (name: string, { n, p50, p99, max }: Selftest['accuracy']['ttftMs']): string =>
    name.padEnd(34) +
    [String(n), formatMs(p50), formatMs(p99), formatMs(max)].map((cell) => cell.padStart(11)).join('')
  return [
    `${''.padEnd(34)}${['n', 'p50', 'p99', 'max'].map((cell) => cell.padStart(11)).join('')}`,
    row('TTFT error, ms', accuracy.ttftMs),
    row('gap error, ms', accuracy.gapMs),
    row('send of a token to its stamp, ms', accuracy.receiveLagMs),
    row('issue of a request to its read, ms', accuracy.sendLagMs),
    '',
    `mean TPOT off by ${(accuracy.tpotShare * 100).toFixed(4)} %; ${accuracy.wrongTokens} of ${accuracy.matched} requests with a wrong token count`,
    `${formatNumber(tokensPerSecond)} tokens/s with ${formatNumber(clientCpu)} cores; client ${client.verdict}${client.reasons.length > 0 ? ` (${client.reasons.join('; ')})` : ''}`,
    `the simulator itself was late by ${formatMs(accuracy.senderLateP99Ms)} ms at p99`,
    ...accuracy.wrongOutcomes.map(({ was, called, count }) => `${count} × ${was} was called ${called}`),
    ...(isValid ? [] : ['', `Not valid: ${reasons.join('; ')}.`]),
  ].join('\n')
}
