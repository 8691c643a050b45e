/** What the numbers of a report mean; part of every report, so that it can be read alone. */
export const definitions = {
  clock: 'One monotonic clock for all threads, in ms. Wall time is only used to date the run.',
  stamps:
    't_sched: planned by the load model. t_issue: handed over for sending, after any wait for a free slot. t_conn_ready: a connection was there. t_sent: last request byte handed to the socket. t_hdr: head of the answer read. t_i: i-th event with content read. t_last: last of these. t_usage, t_done: usage and end mark read. t_end: last byte read. Stamps are taken before anything is parsed; events of one read share a stamp.',
  ttftMs:
    'Time to first token: t_first − t_issue. The first event whose delta has text, reasoning or a tool call; role-only, empty, ping, usage and [DONE] events never count.',
  ttfoMs: 'Time to first output: as TTFT, for the first event that is no reasoning.',
  ttstMs: 'Time to second token: t_2 − t_1.',
  iclMs: 'Inter-chunk latency: every gap between events with content, of all requests together.',
  tpotMs:
    'Time per output token: (t_last − t_first) / (tokens − tokens of the first event), per request; the first event counts as one token unless the server counts per event. TTFT is not in it. Other tools: itl_ms of aiperf and guidellm is this; itl_pooled_ms of vLLM is iclMs.',
  e2eMs: 'End to end: t_last − t_issue. For an answer that came whole: t_end − t_issue.',
  streamEndMs: 't_end − t_issue: with the usage and end mark that may follow the last token.',
  ttfbMs: 't_hdr − t_issue.',
  connectMs: 't_conn_ready − t_issue: what waiting for a connection, or opening one, took.',
  queueMs: 't_issue − t_sched: what the request waited inside of this client.',
  fromSchedule:
    'The same times from t_sched instead of t_issue: what a user would see who does not wait for the client. Free of coordinated omission.',
  failureAware: 'Percentiles over all requests with every failed one as infinitely slow ("inf").',
  throughput:
    'Rates over the measured window: from the end of the ramp to the end of sending. Tokens count by the time of their event, so that requests across an edge count with their part; wholeRun is from the first request to the last byte. Only successful requests count.',
  goodput:
    'Requests that met every objective of --slo, per second and as a share of all that succeeded or failed.',
  tokens:
    'Output tokens by the usage that the server states, else by a tokenizer, else one per event; the source is named.',
  failures:
    'connect, reset-before (no head), reset-mid (head, then a broken connection), timeout, http_3xx, http_4xx, http_429, http_5xx, sse_error_event (an error inside a 200), truncated (ended without finish reason or end mark), bad_json, empty (no output), oversize (64 MiB and no end). Latencies are over successes only. What the end of a run cut off is neither.',
  percentiles: 'Linear interpolation between order statistics; p99 of fewer than 100 values is left out.',
  verdict:
    'saturated: the client itself was too slow for its numbers to be believed. suspect: it came near. Else ok.',
} as const
