import { validationFindings } from '../../crawler/outside/validation.ts'
import { loadDocument } from '../../openapi/load.ts'
import { openSpec } from '../../openapi/spec.ts'
import type { PlacedFinding } from './format-specs.ts'

/** What is wrong with a document, in mcpd's own eyes and a validator's, with the places in its text. Throws SPEC_INVALID. */
export const healthOf = async (
  raw: Uint8Array,
  name: string,
  signal: AbortSignal,
): Promise<readonly PlacedFinding[]> => {
  const source = loadDocument(raw, name)
  const own = openSpec(source).health()
  const findings = [...own, ...(await validationFindings(source.value, own, signal))]
  const positions = source.locate(new Set(findings.map(({ pointer }) => pointer)))
  return findings.map((finding) => {
    const position = positions.get(finding.pointer)
    return { ...finding, ...(position && { position }) }
  })
}
