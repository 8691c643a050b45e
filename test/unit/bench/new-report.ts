import type { Phase } from '../../../src/bench/load/phase.ts'
import type { RequestRecord } from '../../../src/bench/measure/record.ts'
import { buildReport } from '../../../src/bench/report/build.ts'
import type { Report } from '../../../src/bench/report/report.ts'

/** The report of a run that had these records, between 0 and 2 seconds. */
export const newReport = (records: readonly RequestRecord[], { label = 'test' } = {}): Report => {
  const phase: Phase = {
    name: '4 at once',
    isWarmUp: false,
    load: { kind: 'closed', concurrency: 4, rampMs: 0 },
    targets: [0],
    durationMs: 2000,
    drainMs: 1000,
    firstIndex: 0,
  }
  const health = {
    loopDelayP50Ms: 0.1,
    loopDelayP99Ms: 0.5,
    loopDelayMaxMs: 1,
    gcCount: 1,
    gcTotalMs: 1,
    gcMaxMs: 1,
    cpuShare: 0.1,
  }
  return buildReport(
    {
      plan: {
        targets: [
          {
            label,
            url: 'http://test.invalid/v1',
            wire: 'openai-chat',
            model: 'm',
            stream: true,
            streamUsage: true,
            extra: {},
          },
        ],
        workload: {
          seed: 1,
          inputTokens: { kind: 'fixed', tokens: 8 },
          outputTokens: { kind: 'fixed', tokens: 3 },
          sharedPrefixTokens: 0,
        },
        phases: [phase],
        threads: 1,
        timeoutMs: 1000,
        connectTimeoutMs: 1000,
        insecure: false,
        sloShareMin: 0.99,
        errorRateMax: 0.01,
        watched: [],
      },
      startedAtMs: 0,
      phases: [{ phase, originMs: 0, lastSentMs: 1500, endedMs: 2000, records, health: [health] }],
      processes: [
        { pid: 1, name: 'server', samples: [{ atMs: 100, cpu: 0.5, rssBytes: 2 ** 20, threads: 1 }] },
      ],
      isInterrupted: false,
    },
    { version: '0.0.0', settings: {}, errorBar: null },
  )
}
