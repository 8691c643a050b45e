import { homedir } from 'node:os'
import { join } from 'node:path'

/** `$XDG_STATE_HOME/mcpd`, else `~/.local/state/mcpd`. An empty variable counts as unset, as XDG asks for. */
export const defaultStateDir = (env: NodeJS.ProcessEnv): string =>
  join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'mcpd')
