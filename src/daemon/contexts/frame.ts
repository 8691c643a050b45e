import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/**
 * zlib writes into pieces of 16 KB, and what it returns keeps a whole one in memory: for messages, most of which are
 * small, that would be many times what they are, and work for the garbage collector.
 */
const pieceMinBytes = 64
const pieceMaxBytes = 256 * 1024

const pieceOf = (bytes: number): number => Math.min(pieceMaxBytes, Math.max(pieceMinBytes, bytes))

/** A frame of zstd with all of the bytes in it. */
export const packFrame = (bytes: Buffer): Buffer =>
  zstdCompressSync(bytes, { chunkSize: pieceOf(Math.ceil(bytes.length / 2)) })

/**
 * What is in a frame of zstd: at most `maxBytes`, and as a rule `bytes`. Throws what zstd throws for one that is none,
 * and for one that has more in it.
 */
export const unpackFrame = (frame: Uint8Array, maxBytes: number, bytes = maxBytes): Buffer =>
  // One byte more, so that zstd sees the end in the first piece.
  zstdDecompressSync(frame, { maxOutputLength: Math.max(1, maxBytes), chunkSize: pieceOf(bytes + 1) })
