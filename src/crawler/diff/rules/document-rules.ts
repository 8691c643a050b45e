import { type Rule, show } from './rule.ts'

const security = { direction: 'none', area: 'security' } as const
const server = { direction: 'none', area: 'server' } as const

/** Rules about what holds for the whole document: who may call, and where. */
export const documentRules: readonly Rule[] = [
  {
    ...security,
    id: 'security-added',
    severity: 'breaking',
    policy: 'securityAdded',
    action: 'narrow',
    fact: 'security-narrowed',
    message: (fact) =>
      `callers need other credentials: ${show(fact.after ?? null)}, it was ${show(fact.before ?? null)}`,
    explanation: 'Those who come with what was enough are turned away.',
  },
  {
    ...security,
    id: 'security-relaxed',
    severity: 'safe',
    action: 'widen',
    fact: 'security-widened',
    message: (fact) =>
      `callers may come with other credentials: ${show(fact.after ?? null)}, it was ${show(fact.before ?? null)}`,
    explanation: 'What was enough still is.',
  },
  {
    ...security,
    id: 'security-scheme-changed',
    severity: 'breaking',
    policy: 'securityAdded',
    action: 'change',
    fact: 'security-scheme-changed',
    message: (fact) =>
      `${show(fact.data['member'])} of ${fact.subject} changed from ${show(fact.before ?? null)} to ${show(fact.after ?? null)}`,
    explanation: 'Credentials are sent in another way, and what clients send is not looked at.',
  },
  {
    ...security,
    id: 'security-scheme-removed',
    severity: 'safe',
    action: 'remove',
    fact: 'security-scheme-removed',
    message: (fact) => `${fact.subject} is no longer described`,
    explanation: 'Where an operation asked for it, that is reported there.',
  },
  {
    ...security,
    id: 'security-scheme-added',
    severity: 'safe',
    action: 'add',
    fact: 'security-scheme-added',
    message: (fact) => `${fact.subject} was added`,
    explanation: 'Where an operation asks for it, that is reported there.',
  },
  {
    ...security,
    id: 'oauth-url-changed',
    severity: 'risky',
    action: 'change',
    fact: 'oauth-url-changed',
    message: (fact) =>
      `${show(fact.data['member'])} of ${fact.subject} changed from ${show(fact.before ?? null)} to ${show(fact.after ?? null)}`,
    explanation: 'Clients that do not read the document ask at the old address. It may still answer.',
  },
  {
    ...security,
    id: 'oauth-flow-removed',
    severity: 'breaking',
    policy: 'securityAdded',
    action: 'remove',
    fact: 'oauth-flow-removed',
    message: (fact) => `the flow ${show(fact.data['member'])} of ${fact.subject} was removed`,
    explanation: 'Clients that get their tokens that way get none.',
  },
  {
    ...security,
    id: 'oauth-flow-added',
    severity: 'safe',
    action: 'add',
    fact: 'oauth-flow-added',
    message: (fact) => `the flow ${show(fact.data['member'])} of ${fact.subject} was added`,
    explanation: 'It is one more way to get a token.',
  },
  {
    ...security,
    id: 'oauth-scope-removed',
    severity: 'risky',
    action: 'remove',
    fact: 'oauth-scope-removed',
    message: (fact) => `the scope ${show(fact.before)} of ${fact.subject} was removed`,
    explanation: 'Clients that ask for it may be refused a token.',
  },
  {
    ...security,
    id: 'oauth-scope-added',
    severity: 'safe',
    action: 'add',
    fact: 'oauth-scope-added',
    message: (fact) => `the scope ${show(fact.after)} of ${fact.subject} was added`,
    explanation: 'Where an operation asks for it, that is reported there.',
  },
  {
    ...server,
    id: 'server-removed',
    severity: 'risky',
    action: 'remove',
    fact: 'server-removed',
    message: (fact) => `${fact.subject} is no longer named`,
    explanation: 'Clients that call it may find nobody there.',
  },
  {
    ...server,
    id: 'server-added',
    severity: 'safe',
    action: 'add',
    fact: 'server-added',
    message: (fact) => `${fact.subject} was added`,
    explanation: 'It is one more place to call.',
  },
]
