import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { McpdError } from '../core/errors.ts'

export interface InstallPlan {
  readonly name: string
  /** The version this mcpd is tested with. */
  readonly version: string
  readonly folder: string
  /** How much disk it takes, in words. */
  readonly size: string
  /** The version that is there now. */
  readonly installed?: string
  readonly command: readonly [string, ...string[]]
}

const name = 'node-llama-cpp'

/**
 * How to install llama.cpp into `prefix`, or into mcpd's own folder, whose `overrides` keep the packages for graphics
 * cards out and whose package.json is left as it is. Throws CONFIG_INVALID for a mcpd that does not name a version.
 */
export const planInstall = (root: string, prefix?: string): InstallPlan => {
  const version = readPackage(root)?.peerDependencies?.[name]
  if (version === undefined)
    throw new McpdError('CONFIG_INVALID', `This mcpd does not say which ${name} it needs.`)
  const folder = prefix === undefined ? root : resolve(prefix)
  const installed = readPackage(join(folder, 'node_modules', name))?.version
  // For mcpd itself it is a development dependency too, which --omit=dev would leave out without --save-prod.
  const scope =
    prefix === undefined ? ['--no-save', '--no-package-lock', '--omit=dev', '--save-prod'] : ['--save-exact']
  return {
    name,
    version,
    folder,
    size: prefix === undefined ? '130 MB' : '750 MB, for npm brings the packages for graphics cards as well',
    ...(installed !== undefined && { installed }),
    command: [
      'npm',
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      ...scope,
      '--prefix',
      folder,
      `${name}@${version}`,
    ],
  }
}

/** Runs the plan; what npm says goes to standard error. Throws RUNTIME_MISSING when it fails. */
export const runInstall = async (
  { command, folder, version }: InstallPlan,
  signal: AbortSignal,
): Promise<void> => {
  const [file, ...words] = command
  const result = await execa(file, words, {
    cwd: folder,
    stdin: 'ignore',
    stdout: process.stderr,
    stderr: process.stderr,
    cancelSignal: signal,
    reject: false,
  })
  signal.throwIfAborted()
  const found = readPackage(join(folder, 'node_modules', name))?.version
  if (!result.failed && found === version) return
  throw new McpdError(
    'RUNTIME_MISSING',
    result.code === 'ENOENT'
      ? 'npm is not installed, or not on the PATH.'
      : `npm did not install ${name} ${version}.`,
    {
      suggestions: [
        `If ${folder} is not yours to write to, install it where mcpd is a dependency: --prefix FOLDER`,
        `Or run by yourself: ${command.join(' ')}`,
      ],
    },
    result,
  )
}

interface Package {
  readonly version?: string
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const readPackage = (folder: string): Package | undefined => {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Package
  } catch {
    return undefined
  }
}
