import type { Call } from '../../../../src/fuzz/call.ts'
import type { Exchange } from '../../../../src/fuzz/exchange.ts'
import type { Finding } from '../../../../src/fuzz/finding.ts'
import type { FuzzResult } from '../../../../src/fuzz/result.ts'

const call: Call = {
  operation: 'GET /pets/{id}',
  path: { id: 7 },
  query: {},
  header: {},
  cookie: {},
  identity: 'first',
}

export const newExchange = (changes: Partial<Exchange> = {}): Exchange => ({
  operation: 'GET /pets/{id}',
  request: {
    method: 'GET',
    url: 'http://127.0.0.1:9/pets/7?tag=a%26b',
    headers: [
      ['authorization', 'Bearer hunter2'],
      ['accept', 'application/json'],
    ],
  },
  response: {
    status: 500,
    headers: { 'content-type': 'application/json', 'set-cookie': 'session=hunter2' },
    body: '{"message":"<boom>"}',
    bodyBytes: 20,
    isCut: false,
  },
  timings: { sentMs: 1200, headMs: 3, firstByteMs: 3, totalMs: 4 },
  ...changes,
})

export const newFinding = (changes: Partial<Finding> = {}): Finding => ({
  check: 'not_a_server_error',
  severity: 'critical',
  operation: 'GET /pets/{id}',
  status: 500,
  message: 'The server failed with "<boom>".',
  fingerprint: '0a1b2c3d4e5f',
  curl: 'curl \'http://127.0.0.1:9/pets/7?tag=a%26b\' -H "authorization: Bearer $TOKEN"',
  requestIds: ['req-9', 'req-8'],
  phase: 'coverage',
  count: 3,
  foundMs: 1200,
  what: 'minimum in path id',
  exchange: newExchange(),
  steps: [
    newExchange({
      operation: 'POST /pets',
      request: { method: 'POST', url: 'http://127.0.0.1:9/pets', headers: [], body: '{"name":"\u0007"}' },
      timings: { sentMs: 1100, headMs: 2, firstByteMs: 2, totalMs: 2 },
    }),
  ],
  scenario: {
    kind: 'single',
    steps: [
      { call, intent: { phase: 'coverage', expect: 'valid', what: 'minimum' }, bindings: [], role: 'case' },
    ],
  },
  ...changes,
})

export const newResult = (changes: Partial<FuzzResult> = {}): FuzzResult => ({
  spec: { name: 'docs/pets.yaml', title: 'Pets & more', version: '1.0', sha256: 'ab'.repeat(32) },
  url: 'http://127.0.0.1:9',
  seed: 42,
  startedAt: '2026-11-22T12:00:00.000Z',
  elapsedMs: 10_000,
  requests: 25_000,
  phases: [{ phase: 'coverage', requests: 25_000, elapsedMs: 10_000 }],
  ending: 'time',
  findings: [newFinding()],
  known: [newFinding({ operation: 'POST /pets', check: 'negative_data_rejection', fingerprint: 'ffff' })],
  unverified: 0,
  coverage: {
    operations: [
      {
        operation: 'GET /pets/{id}',
        requests: 20_000,
        statuses: { 200: 19_000, 500: 1000 },
        hasSucceeded: true,
        parameters: { sent: ['path id'], all: ['path id', 'query tag'] },
        keywords: [{ place: 'path id minimum', valid: true, invalid: false }],
        responses: [
          { status: '200', seen: true },
          { status: '404', seen: false },
        ],
      },
      {
        operation: 'DELETE /pets/{id}',
        requests: 0,
        statuses: {},
        hasSucceeded: false,
        parameters: { sent: [], all: [] },
        keywords: [],
        responses: [],
        reason: 'no id was ever seen',
      },
      {
        operation: 'GET /health',
        requests: 12,
        statuses: { 200: 12 },
        hasSucceeded: true,
        parameters: { sent: [], all: [] },
        keywords: [],
        responses: [],
      },
    ],
    totals: {
      operations: 3,
      attempted: 2,
      succeeded: 2,
      parameters: { hit: 1, all: 2 },
      keywords: { hit: 1, all: 2 },
      responses: { hit: 1, all: 2 },
    },
  },
  warnings: ['GET /x: every answer was 401; give --auth.'],
  leftOut: [{ operation: 'POST /admin/stop', reason: 'stops the server' }],
  ...changes,
})
