import { describe, expect, it } from 'vitest'
import { encodeModelSegment } from '../../../../src/daemon/http/native-path.ts'

describe('encodeModelSegment', () => {
  it.each([
    ['/mcp/v1/ollama/llama3.2:1b/chat', '/mcp/v1/ollama/llama3.2:1b/chat'],
    ['/mcp/v1/hf/org/model:tag/chat', '/mcp/v1/hf/org%2Fmodel:tag/chat'],
    ['/mcp/v1/hf/org%2Fmodel/chat?x=/a/b', '/mcp/v1/hf/org%2Fmodel/chat?x=/a/b'],
    ['/mcp/v1/hf/a/b/c/info?q=1', '/mcp/v1/hf/a%2Fb%2Fc/info?q=1'],
    ['/mcp/v1/models', '/mcp/v1/models'],
    ['/mcp/v1/models/gpu-0/org/model/route', '/mcp/v1/models/gpu-0%2Forg%2Fmodel/route'],
    ['/mcp/v1/group/llama/chat', '/mcp/v1/group/llama/chat'],
    ['/mcp/v1/contexts/a/b/turns', '/mcp/v1/contexts/a/b/turns'],
    ['/v1/models/org/model', '/v1/models/org%2Fmodel'],
    ['/v1/chat/completions', '/v1/chat/completions'],
    ['/mcp/v1/', '/mcp/v1/'],
  ])('%s → %s', (url, expected) => {
    expect(encodeModelSegment(url)).toBe(expected)
  })
})
