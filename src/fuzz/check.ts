export type Severity = 'critical' | 'high' | 'medium' | 'low'

/** One kind of fault. `code` is that of the Web Fuzzing Commons, where they have one. */
interface CheckRow {
  readonly severity: Severity
  readonly code?: number
  /** What is wrong when it fires; one sentence. */
  readonly means: string
}

const row = (severity: Severity, means: string, code?: number): CheckRow => ({
  severity,
  means,
  ...(code !== undefined && { code }),
})

/** Every check there is: the rows of docs/fuzz.md, of `--checks` and of SARIF. */
export const checkTable = {
  not_a_server_error: row('critical', 'The answer has a status of 500 or above.', 100),
  network_error: row('critical', 'The connection was dropped, or no answer came within the time limit.', 909),
  status_code_conformance: row('medium', 'The status is not one that the document names.', 101),
  content_type_conformance: row(
    'medium',
    'The content type is missing or not one that the document names.',
    101,
  ),
  response_headers_conformance: row('medium', 'A header of the answer is missing or breaks its schema.', 101),
  response_schema_conformance: row('high', 'The body of the answer breaks its schema.', 101),
  negative_data_rejection: row('high', 'Invalid data was taken.', 102),
  positive_data_acceptance: row('medium', 'Valid data was refused.'),
  missing_required_header: row('medium', 'A request without a required header was taken.', 102),
  unsupported_method: row(
    'low',
    'A method that the document does not name is not answered 405 with Allow.',
    908,
  ),
  allow_header_conformance: row('low', 'Allow does not name the methods of the document.', 908),
  ignored_auth: row('critical', 'A protected operation answers without valid credentials.', 206),
  use_after_free: row('high', 'A resource answers after it was deleted.', 103),
  ensure_resource_availability: row('high', 'A resource is not there after it was created.'),
  cross_user_access: row('critical', 'One identity reaches what belongs to another.', 206),
  hierarchy: row('high', 'A child answers below a parent that is not its own.'),
  leakage: row('high', 'A creation that was refused left a resource behind.', 104),
  put_replaces: row('medium', 'PUT kept members that it was to replace, or lost some that were sent.', 904),
  put_idempotent: row('medium', 'The same PUT a second time has another effect.', 905),
  delete_idempotent: row('medium', 'Deleting again what is gone fails otherwise than by saying so.'),
  merge_patch: row(
    'medium',
    'PATCH changed members that were not sent, or did not change those that were.',
    906,
  ),
  failed_modification: row('high', 'A refused write changed the resource.', 901),
  location_resolves: row('medium', 'Location leads to nothing.', 907),
  stack_trace_leak: row('medium', 'The answer shows the inside of the program.'),
  pagination: row('medium', 'A page has more than was asked for, repeats items or never ends.'),
  stream_conformance: row('high', 'A stream has wrong framing, no end marker, or contradicts its usage.'),
  token_cost: row('medium', 'More tokens were generated than the request allows.'),
  max_response_time: row('low', 'The answer took longer than the limit that was set.', 909),
} as const satisfies Record<string, CheckRow>

export type Check = keyof typeof checkTable
export const checks = Object.keys(checkTable) as readonly Check[]

export const isCheck = (name: string): name is Check => Object.hasOwn(checkTable, name)
