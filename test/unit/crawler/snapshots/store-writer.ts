import { openStore } from '../../../../src/crawler/snapshots/store.ts'

// `node store-writer.ts STORE WHO COUNT` adds versions one by one and prints how many it wrote.
const [path = '', who = '', count = ''] = process.argv.slice(2)
const records = openStore({ path }).spec('api')
let written = 0
for (let index = 0; index < Number(count); index += 1) {
  const text = `${who} ${index}`
  const facts = {
    fingerprint: text,
    form: 1,
    format: 'json',
    openapi: '3.1.0',
    operations: 1,
    source: who,
  } as const
  const draft = { facts, raw: Buffer.from(text), canonical: text }
  written += (await records.add([draft], new AbortController().signal)).length
}
console.log(written)
