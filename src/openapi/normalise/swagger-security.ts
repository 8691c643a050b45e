import { asText, isObject, type Json, type JsonObject, objectAt, textAt } from '../json.ts'
import { below } from '../pointer.ts'
import type { Context } from './swagger-parameter.ts'

const flowNames: Readonly<Record<string, string>> = {
  accessCode: 'authorizationCode',
  application: 'clientCredentials',
  implicit: 'implicit',
  password: 'password',
}

/** `securityDefinitions` of 2.0 as `securitySchemes`. */
export const securityFrom20 = (definitions: JsonObject, { log, move }: Context): JsonObject => {
  const schemes: Record<string, Json> = {}
  for (const [name, definition] of Object.entries(definitions)) {
    const from = below('/securityDefinitions', name)
    move(below('/components/securitySchemes', name), from)
    schemes[name] = isObject(definition) ? schemeFrom20(definition) : definition
    log(from, 'security-definition-to-scheme', undefined, undefined)
  }
  return schemes
}

const schemeFrom20 = (definition: JsonObject): JsonObject => {
  const type = textAt(definition, 'type')
  if (type === 'basic') {
    const { type: _type, ...rest } = definition
    return { ...rest, type: 'http', scheme: 'basic' }
  }
  if (type !== 'oauth2') return definition
  const { flow, authorizationUrl, tokenUrl, scopes: _scopes, ...rest } = definition
  const name = flowNames[asText(flow)] ?? asText(flow)
  const described: Record<string, Json> = { scopes: objectAt(definition, 'scopes') }
  if (authorizationUrl !== undefined) described['authorizationUrl'] = authorizationUrl
  if (tokenUrl !== undefined) described['tokenUrl'] = tokenUrl
  return { ...rest, flows: { [name]: described } }
}
