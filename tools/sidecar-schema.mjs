// Writes docs/schemas/sidecar.json, the sidecar protocol as JSON Schema, from the schemas that check it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { sidecarDocument } from '../src/daemon/hosts/sidecar-schemas.ts'

const folder = new URL('../docs/schemas/', import.meta.url)
mkdirSync(folder, { recursive: true })
writeFileSync(new URL('sidecar.json', folder), `${JSON.stringify(sidecarDocument, undefined, 2)}\n`)
