import { hostInSidecar } from '../../../../src/daemon/hosts/sidecar.ts'

/** A daemon to be killed: it runs the test adapter until it dies. */
hostInSidecar(
  { type: 'test' },
  { port: Number(process.argv[2]) },
  {
    name: 'orphan',
    log: () => undefined,
    connect: () => {
      throw new Error('not used')
    },
  },
  { moduleUrl: new URL('./sidecar-adapter.ts', import.meta.url).href },
)
