import { Server } from 'node:net'

// Loaded ahead of a program that would listen on every interface: here it listens on loopback, whatever it asks for.
const listen = Object.getOwnPropertyDescriptor(Server.prototype, 'listen')?.value as Server['listen']
Server.prototype.listen = function (this: Server, ...args: unknown[]) {
  const [first] = args
  const port = typeof first === 'object' && first !== null ? (first as { port?: number }).port : Number(first)
  const callback = args.findLast((argument) => typeof argument === 'function')
  return Reflect.apply(listen, this, [{ port, host: '127.0.0.1' }, callback]) as Server
}
