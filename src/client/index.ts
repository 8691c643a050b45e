export { createClient, type CallOptions, type Client, type ClientOptions } from './client.ts'
export { findModel } from './find-model.ts'
export type * from './types.ts'
export { isMcpdError, McpdError, type ErrorCode } from '../core/errors.ts'
