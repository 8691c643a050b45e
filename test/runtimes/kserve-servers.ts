import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { answers, cache, fileOf, freePort, pythonOf, startProgram } from './program.ts'

/** A real server of the KServe v2 protocol, with models that say words. */
export interface KserveServer {
  readonly url: string
  readonly grpcUrl: string
  readonly metricsUrl: string
  readonly close: () => Promise<void>
}

const isReady = (url: string, models: readonly string[]) => async (): Promise<boolean> => {
  const ready = await Promise.all(models.map((model) => answers(`${url}/v2/models/${model}/ready`)))
  return ready.every(Boolean)
}

/** What Triton asks for where it tells of all models, over HTTP and over gRPC. */
export const tritonHeaders = {
  'triton-access-token': 'of-a-test',
  'triton-grpc-protocol-triton-access-token': 'of-a-test',
}

/** Triton itself, as nvidia-pytriton has it: `words` streams, `whole` does not, `vectors` embeds, `double` takes numbers. */
export const startTriton = async (): Promise<KserveServer> => {
  const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()]
  const url = `http://127.0.0.1:${http}`
  const { close } = await startProgram({
    name: 'triton',
    command: [
      pythonOf('pytriton'),
      fileOf('python/triton_words.py'),
      '--http-port',
      String(http),
      '--grpc-port',
      String(grpc),
      '--metrics-port',
      String(metrics),
      '--token',
      tritonHeaders['triton-access-token'],
    ],
    // It keeps an unpacked copy of itself below its home.
    env: { PYTRITON_HOME: join(cache, 'pytriton-home') },
    isReady: isReady(url, ['words', 'whole', 'vectors', 'double']),
  })
  return {
    url,
    grpcUrl: `grpc://127.0.0.1:${grpc}`,
    metricsUrl: `http://127.0.0.1:${metrics}/metrics`,
    close,
  }
}

const text = (name: string) => ({ name, datatype: 'BYTES', shape: [-1] })

/** MLServer: `words` answers whole and piece by piece, `vectors` embeds. */
export const startMlServer = async (): Promise<KserveServer> => {
  const [http, grpc, metrics] = [await freePort(), await freePort(), await freePort()]
  const url = `http://127.0.0.1:${http}`
  const folder = await mkdtemp(join(tmpdir(), 'mcpd-mlserver-models-'))
  const write = async (path: string, value: object): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), JSON.stringify(value))
  }
  await write('settings.json', {
    host: '127.0.0.1',
    http_port: http,
    grpc_port: grpc,
    metrics_port: metrics,
    parallel_workers: 0,
    gzip_enabled: false,
    debug: false,
  })
  await write('words/model-settings.json', {
    name: 'words',
    implementation: 'mlserver_words.Words',
    inputs: [text('text_input')],
    outputs: [text('text_output')],
  })
  await write('vectors/model-settings.json', {
    name: 'vectors',
    implementation: 'mlserver_words.Vectors',
    inputs: [text('text')],
    outputs: [{ name: 'embedding', datatype: 'FP32', shape: [-1, 8] }],
  })
  const program = await startProgram({
    name: 'mlserver',
    command: [pythonOf('mlserver'), '-m', 'mlserver.cli.main', 'start', folder],
    env: { PYTHONPATH: fileOf('python') },
    isReady: isReady(url, ['words', 'vectors']),
  })
  const close = async (): Promise<void> => {
    await program.close()
    await rm(folder, { recursive: true, force: true })
  }
  return {
    url,
    grpcUrl: `grpc://127.0.0.1:${grpc}`,
    metricsUrl: `http://127.0.0.1:${metrics}/metrics`,
    close,
  }
}
