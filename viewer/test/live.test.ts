import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Live, lastWaitMs, silenceMs, waitMs, type LiveEvent, type Socket } from '../src/load/live'

class FakeSocket implements Socket {
  onopen = null
  onmessage: ((e: MessageEvent) => void) | null = null
  onclose: ((e: CloseEvent) => void) | null = null
  sent: unknown[] = []
  closed = false
  send(data: string) {
    this.sent.push(JSON.parse(data))
  }
  close() {
    this.closed = true
    this.onclose?.({} as CloseEvent)
  }
  says(m: unknown) {
    this.onmessage?.({ data: JSON.stringify(m) } as MessageEvent)
  }
}

let sockets: FakeSocket[]
let live: Live
let seen: LiveEvent[]
let resyncs: number

beforeEach(() => {
  vi.useFakeTimers()
  sockets = []
  seen = []
  resyncs = 0
  live = new Live(() => {
    const s = new FakeSocket()
    sockets.push(s)
    return s
  })
  live.listen({ event: (e) => seen.push(e), resync: () => resyncs++ })
  live.start()
})
afterEach(() => {
  live.stop()
  vi.useRealTimers()
})

const event = (seq: number) => ({ type: 'event', seq, at: '', event: 'task.queued' })

test('the first line starts at the last event of the hub', () => {
  sockets[0]!.says({ type: 'hello', seq: 41 })
  expect(sockets[0]!.sent).toEqual([{ type: 'subscribe', since: 41 }])
  expect(live.line.value).toBe('live')
})

test('a broken line resumes after the last event seen', () => {
  sockets[0]!.says({ type: 'hello', seq: 41 })
  sockets[0]!.says(event(45))
  sockets[0]!.close()
  expect(live.line.value).toBe('lost')
  vi.advanceTimersByTime(lastWaitMs)
  sockets[1]!.says({ type: 'hello', seq: 60 })
  expect(sockets[1]!.sent).toEqual([{ type: 'subscribe', since: 45 }])
})

test('an event that comes twice is shown once', () => {
  sockets[0]!.says({ type: 'hello', seq: 1 })
  sockets[0]!.says(event(2))
  sockets[0]!.says(event(2))
  expect(seen.map((e) => e.seq)).toEqual([2])
})

test('a silent line counts as dead', () => {
  sockets[0]!.says({ type: 'hello', seq: 1 })
  vi.advanceTimersByTime(silenceMs - 1)
  expect(live.line.value).toBe('live')
  sockets[0]!.says({ type: 'ping' })
  vi.advanceTimersByTime(silenceMs - 1)
  expect(live.line.value).toBe('live')
  vi.advanceTimersByTime(2)
  expect(live.line.value).toBe('lost')
  expect(sockets[0]!.closed).toBe(true)
})

test('a hub with lower numbers makes the lists be read again', () => {
  sockets[0]!.says({ type: 'hello', seq: 500 })
  sockets[0]!.close()
  vi.advanceTimersByTime(lastWaitMs)
  sockets[1]!.says({ type: 'hello', seq: 3 })
  expect(sockets[1]!.sent).toEqual([{ type: 'subscribe', since: 3 }])
  expect(resyncs).toBe(1)
})

test('a hub that cannot replay says from where it goes on', () => {
  sockets[0]!.says({ type: 'hello', seq: 1 })
  sockets[0]!.says({ type: 'resync', seq: 90 })
  expect(resyncs).toBe(1)
  sockets[0]!.close()
  vi.advanceTimersByTime(lastWaitMs)
  sockets[1]!.says({ type: 'hello', seq: 95 })
  expect(sockets[1]!.sent).toEqual([{ type: 'subscribe', since: 90 }])
})

test('what is no message is ignored', () => {
  sockets[0]!.onmessage?.({ data: 'not json' } as MessageEvent)
  sockets[0]!.onmessage?.({ data: new Uint8Array(3) } as unknown as MessageEvent)
  sockets[0]!.says(null)
  expect(seen).toEqual([])
})

test('waits grow to their limit and are spread', () => {
  expect(waitMs(0, 0)).toBe(400)
  expect(waitMs(99, 0.999999)).toBe(lastWaitMs)
  expect(waitMs(3, 0)).toBeLessThan(waitMs(3, 0.9))
})
