import { describe, expect, it } from 'vitest'
import { RedisRefusal } from '../../../../../src/daemon/contexts/hot-redis/connection.ts'
import { createWatch, isOfServer } from '../../../../../src/daemon/contexts/hot-redis/watch.ts'

const newWatch = () => {
  const lines: string[] = []
  const say = (line: unknown) => void lines.push(String(line))
  return { watch: createWatch({ info: say, warn: say }), lines }
}

describe('what the log says of Redis', () => {
  it.each([
    [
      'WRONGPASS invalid username-password pair or user is disabled.',
      'does not accept the user or the password',
    ],
    ['NOAUTH Authentication required.', 'does not accept the user or the password'],
    ["NOPERM User me has no permissions to run the 'evalsha' command", 'lacks rights'],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'cannot be reached'],
    ['getaddrinfo ENOTFOUND cache', 'cannot be reached'],
    ['Socket closed unexpectedly', 'cannot be reached'],
    ['ERR This instance has cluster support disabled', 'is no cluster'],
    ['MOVED 866 10.0.0.1:6379', 'is a cluster'],
    ['self-signed certificate', 'certificate'],
    ['whatever else', 'the connection broke'],
  ])('of "%s" is "%s", in one line', (message, word) => {
    const { watch, lines } = newWatch()
    for (let count = 0; count < 3; count += 1) watch.failed(new Error(message))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain(word)
    watch.ready('')
    expect(lines).toHaveLength(2)
    expect(lines[1]).toContain('is there again')
  })

  it('names a replica and a policy that evicts', () => {
    const { watch, lines } = newWatch()
    watch.ready('role:master\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n')
    watch.ready('role:master\r\nmaxmemory:1000\r\nmaxmemory_policy:noeviction\r\n')
    expect(lines).toEqual([])
    watch.ready('role:slave\r\nmaxmemory:1000\r\nmaxmemory_policy:allkeys-lru\r\n')
    expect(lines.map((line) => /replica|allkeys-lru/.exec(line)?.[0])).toEqual(['replica', 'allkeys-lru'])
  })

  it('names each refusal once', () => {
    const { watch, lines } = newWatch()
    const full = new RedisRefusal("OOM command not allowed when used memory > 'maxmemory'.")
    for (let count = 0; count < 3; count += 1) watch.refused(full)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('is full')
  })

  it('tells what is wrong with Redis from what is wrong with a copy', () => {
    expect(isOfServer(new RedisRefusal("READONLY You can't write against a read only replica."))).toBe(true)
    expect(
      isOfServer(
        new RedisRefusal(
          'WRONGTYPE Operation against a key holding the wrong kind of value script: a1, on @user_script:30.',
        ),
      ),
    ).toBe(false)
    expect(
      isOfServer(new RedisRefusal('ERR user_script:3: attempt to perform arithmetic on a nil value')),
    ).toBe(false)
  })
})
