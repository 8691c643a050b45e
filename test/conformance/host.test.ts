import { adapterOf, startGrpcStandIn } from '../../fixtures/grpc-stand-in.ts'
import { isMcpdError } from '../../src/core/errors.ts'
import { hostSuite } from '../../src/conformance/host-suite.ts'
import type { Adapter, AdapterHost } from '../../src/core/adapter.ts'
import { resolveBackend } from '../../src/core/config.ts'
import { findCode } from '../../src/daemon/adapter-code.ts'
import { createModuleHost } from '../../src/daemon/hosts/module.ts'
import { optionsProblem, requireAdapter } from '../../src/daemon/hosts/module-check.ts'
import grpc from '../../src/daemon/hosts/grpc.ts'
import { hostInSidecar } from '../../src/daemon/hosts/sidecar.ts'
import { runSuite } from './run-suite.ts'
import { McpdError } from '../../src/core/errors.ts'

const adapterHost: AdapterHost = {
  name: 'subject',
  log: () => undefined,
  connect: () => {
    throw new Error('The fixture connects to nothing.')
  },
}

const waits = { queueMs: 1000, firstTokenMs: 1000, idleMs: 1000 }

runSuite(
  'the module host',
  hostSuite({
    host: async (moduleUrl, options) => {
      const config = resolveBackend({ name: 'subject', adapter: moduleUrl, ...options }, waits)
      const code = await findCode(config, createModuleHost())
      const problem = code.options && optionsProblem({ type: code.type, options: code.options }, options)
      if (problem) throw new McpdError('CONFIG_INVALID', problem.message)
      return code.create(options, adapterHost)
    },
  }),
)

runSuite(
  'the sidecar host',
  hostSuite({
    host: async (moduleUrl, options) => {
      const adapter = hostInSidecar({ type: 'subject' }, options, adapterHost, { moduleUrl })
      try {
        await adapter.ready
      } catch (error) {
        await adapter.close()
        throw isMcpdError(error) ? error : new Error('The sidecar did not start.', { cause: error })
      }
      return adapter
    },
  }),
)

runSuite(
  'the gRPC host',
  hostSuite({
    // Its protocol has no words for them.
    manages: false,
    host: async (moduleUrl, options) => {
      const standIn = await startGrpcStandIn({
        load: async () => {
          const { module } = await createModuleHost().load(moduleUrl)
          const problem = optionsProblem(module, options)
          if (problem) throw new McpdError('CONFIG_INVALID', problem.message)
          return requireAdapter(adapterOf(module, options), moduleUrl)
        },
      })
      const adapter = grpc.create({ address: standIn.address }, adapterHost)
      const close = async (): Promise<void> => {
        await adapter.close()
        await standIn.close()
      }
      try {
        await adapter.ready
      } catch (error) {
        await close()
        throw error
      }
      return Object.create(adapter, { close: { value: close } }) as Adapter
    },
  }),
)
