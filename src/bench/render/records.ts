import { epochMsOf } from '../clock.ts'
import type { RequestRecord } from '../measure/record.ts'
import type { Run } from '../run.ts'

/**
 * One JSON line per request, in the order they were issued: its stamps in ms from the start of its phase, the server's
 * id, tokens and outcome. `t` is the time of each event with content.
 */
export function* renderRecords({ phases, plan }: Run): Generator<string> {
  for (const { phase, records, originMs } of phases) {
    const since = (ms: number | undefined): number | null => (ms === undefined ? null : micro(ms - originMs))
    for (const record of records.toSorted((a, b) => a.issuedMs - b.issuedMs))
      yield `${JSON.stringify({
        phase: phase.name,
        warmUp: phase.isWarmUp,
        index: record.index,
        target: plan.targets[record.target]?.label,
        requestId: record.requestId ?? null,
        issuedAt: new Date(epochMsOf(record.issuedMs)).toISOString(),
        ...stampsOf(record, since),
        outcome: record.outcome,
        status: record.status ?? null,
        message: record.message ?? null,
        inputTokens: record.inputTokens ?? null,
        outputTokens: record.outputTokens ?? null,
        tokenizerTokens: record.tokenizerTokens ?? null,
        cachedTokens: record.cachedTokens ?? null,
        reasoningTokens: record.reasoningTokens ?? null,
        firstEventTokens: record.firstEventTokens,
        events: record.stamps.length,
        coalesced: record.coalesced,
        reads: record.reads,
        bytes: record.bytes,
      })}\n`
  }
}

const stampsOf = (record: RequestRecord, since: (ms: number | undefined) => number | null) => ({
  t_sched: since(record.scheduledMs),
  t_issue: since(record.issuedMs),
  t_conn_ready: since(record.connectedMs),
  t_sent: since(record.sentMs),
  t_hdr: since(record.headMs),
  t: Array.from(record.stamps, (ms) => since(ms)),
  t_usage: since(record.usageMs),
  t_done: since(record.doneMs),
  t_end: since(record.endedMs),
})

const micro = (ms: number): number => Math.round(ms * 1000) / 1000
