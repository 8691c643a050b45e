import { loadDocument } from '../../openapi/load.ts'
import { openSpec } from '../../openapi/spec.ts'
import type { PlacedFinding } from './format-specs.ts'

/** What is wrong with a document, with the places in its text. Throws SPEC_INVALID. */
export const healthOf = (raw: Uint8Array, name: string): readonly PlacedFinding[] => {
  const source = loadDocument(raw, name)
  const findings = openSpec(source).health()
  const positions = source.locate(new Set(findings.map(({ pointer }) => pointer)))
  return findings.map((finding) => {
    const position = positions.get(finding.pointer)
    return { ...finding, ...(position && { position }) }
  })
}
