/** What is wrong with a document that mcpd reads all the same. */
export interface HealthFinding {
  /** The kind of trouble, such as `dangling-reference`. */
  readonly id: HealthId
  readonly level: 'error' | 'warning' | 'info'
  /** Where in the source document. */
  readonly pointer: string
  readonly message: string
}

export type HealthId =
  | 'byte-order-mark'
  | 'dangling-reference'
  | 'dialect-error'
  | 'duplicate-key'
  | 'duplicate-operation-id'
  | 'external-reference'
  | 'lossy-rewrite'
  | 'number-too-large'
  | 'odd-name'
  | 'unsupported-construct'
  | 'unsupported-version'
  | 'validation'
  | 'yaml-1.1-word'
  | 'yaml-warning'
