/** Who a request acts for. While there are no keys every request is `defaultPrincipal`. */
export interface Principal {
  readonly tenant: string
  readonly keyId: string
  readonly scopes: readonly string[]
}

export const defaultPrincipal: Principal = { tenant: 'default', keyId: 'default', scopes: ['*'] }
