import * as fc from 'fast-check'

/**
 * Generated tests draw the same values in every run, so that a red run says that something changed. MCPD_SEED=random
 * draws new ones, MCPD_SEED=N those of a seed that was printed.
 */
const { MCPD_SEED: given = '20261122' } = process.env

if (given !== 'random') fc.configureGlobal({ seed: Number(given) })
