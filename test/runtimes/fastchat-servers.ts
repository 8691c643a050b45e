import { answers, fileOf, freePort, type Program, pythonOf, startProgram } from './program.ts'

/** A real FastChat of our own: a controller, its API server, and a worker without a model. */
export interface FastChatServers {
  readonly controllerUrl: string
  readonly workerUrl: string
  readonly apiUrl: string
  /** A worker that has died comes back. */
  readonly restartWorker: () => Promise<void>
  readonly close: () => Promise<void>
}

export const startFastChat = async (): Promise<FastChatServers> => {
  const python = pythonOf('fastchat')
  const [controllerPort, workerPort, apiPort] = [await freePort(), await freePort(), await freePort()]
  const controllerUrl = `http://127.0.0.1:${controllerPort}`
  const workerUrl = `http://127.0.0.1:${workerPort}`
  const apiUrl = `http://127.0.0.1:${apiPort}`
  const place = (port: number) => ['--host', '127.0.0.1', '--port', String(port)]
  const programs: Program[] = []
  const start = async (...started: Parameters<typeof startProgram>): Promise<void> => {
    programs.push(await startProgram(...started))
  }
  const startWorker = (): Promise<void> =>
    start({
      name: 'fastchat-worker',
      command: [
        python,
        fileOf('python/fastchat_worker.py'),
        '--port',
        String(workerPort),
        '--controller',
        controllerUrl,
      ],
      isReady: () => answers(`${workerUrl}/worker_get_status`, { method: 'POST' }),
    })
  const close = async (): Promise<void> => {
    await Promise.all(programs.map((program) => program.close()))
  }
  try {
    await start({
      name: 'fastchat-controller',
      command: [python, '-m', 'fastchat.serve.controller', ...place(controllerPort)],
      isReady: () => answers(`${controllerUrl}/test_connection`),
    })
    await startWorker()
    await start({
      name: 'fastchat-api',
      command: [
        python,
        '-m',
        'fastchat.serve.openai_api_server',
        ...place(apiPort),
        '--controller-address',
        controllerUrl,
      ],
      isReady: () => answers(`${apiUrl}/v1/models`),
    })
  } catch (error) {
    await close()
    throw error
  }
  return { controllerUrl, workerUrl, apiUrl, restartWorker: startWorker, close }
}
