import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort, type RunningProcess, startProcess } from './processes.ts'
import { completion, modelList } from './traffic.ts'

/** Such as 1.22.1; undefined where nginx is not installed. */
export const nginxVersion = (): string | undefined =>
  /nginx\/([\d.]+)/.exec(String(spawnSync('nginx', ['-v']).stderr ?? ''))?.[1]

interface Nginx extends RunningProcess {
  readonly url: string
}

/** nginx as one process with one event loop, which is what one process of Node is compared with. */
const start = async (directory: string, server: (port: number) => string, upstream = ''): Promise<Nginx> => {
  const port = await freePort()
  const place = join(directory, `nginx-${port}`)
  await mkdir(place)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  await writeFile(
    join(place, 'nginx.conf'),
    `daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 600s;
  ${temporary.map((name) => `${name}_temp_path ${name};`).join('\n  ')}
  ${upstream}
  server {
    listen 127.0.0.1:${port};
    ${server(port)}
  }
}
`,
  )
  const started = await startProcess({
    command: 'nginx',
    args: ['-p', place, '-c', join(place, 'nginx.conf'), '-e', 'stderr'],
    port,
  })
  return { ...started, url: `http://127.0.0.1:${port}` }
}

/** A backend that gives the answers of the stand-in from memory; it does not stream. */
export const startNginxBackend = (directory: string): Promise<Nginx> =>
  startNginxBackendOf(directory, { '/v1/chat/completions': completion, '/v1/models': modelList })

/** A backend that gives these answers, by their paths. */
export const startNginxBackendOf = (
  directory: string,
  answers: Readonly<Record<string, string>>,
): Promise<Nginx> =>
  start(
    directory,
    () => `default_type application/json;
    ${Object.entries(answers)
      .map(([path, answer]) => `location = ${path} { return 200 '${answer}'; }`)
      .join('\n    ')}
    location / { return 404; }`,
  )

/** A proxy to one backend, which passes chunks on as they come. */
export const startNginxProxy = (directory: string, backend: string): Promise<Nginx> =>
  start(
    directory,
    () => `location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }`,
    `upstream backend {
    server ${new URL(backend).host};
    keepalive 256;
    keepalive_requests 100000000;
  }`,
  )
