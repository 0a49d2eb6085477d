import { signal } from '@preact/signals'
import type { Critical, Task } from './types'

/** An event of the hub; names are those of states and verbs ("task.queued"). */
export interface LiveEvent {
  type: 'event'
  seq: number
  at: string
  event: string
  task?: Task
  critical?: Critical
}

type Message = LiveEvent | { type: 'hello'; seq: number } | { type: 'resync'; seq?: number } | { type: 'ping' } | { type: string }

/** The part of WebSocket this client uses, so that tests can play the hub. */
export interface Socket {
  onopen: ((e: Event) => void) | null
  onmessage: ((e: MessageEvent) => void) | null
  onclose: ((e: CloseEvent) => void) | null
  send(data: string): void
  close(): void
}

/** The hub pings every 20 s: this long without a word means a dead line. */
export const silenceMs = 45_000
/** Waits between attempts grow from the first to the last. */
export const firstWaitMs = 800
export const lastWaitMs = 15_000

/** How long to wait before attempt n (0, 1 …); jitter in [0, 1) spreads clients. */
export function waitMs(attempt: number, jitter: number): number {
  const base = Math.min(lastWaitMs, firstWaitMs * 2 ** Math.min(attempt, 10))
  return Math.round(base * (0.5 + jitter / 2))
}

export interface Listener {
  event?(e: LiveEvent): void
  /** Lists must be read again: the hub could not replay what was missed. */
  resync?(): void
}

/**
 * A websocket that stays: it reconnects by itself and resumes after the last
 * event it has seen, so that listeners miss none and see none twice.
 */
export class Live {
  /** 'live' once subscribed; 'lost' after a live line broke. */
  readonly line = signal<'idle' | 'connecting' | 'live' | 'lost'>('idle')
  private readonly listeners = new Set<Listener>()
  private socket: Socket | null = null
  private last = -1
  private attempt = 0
  private retry: ReturnType<typeof setTimeout> | undefined
  private silence: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly open: () => Socket) {}

  /** Starts listening and returns the way to stop. */
  listen(l: Listener): () => void {
    this.listeners.add(l)
    return () => this.listeners.delete(l)
  }

  start(): void {
    if (this.socket || this.retry !== undefined) return
    this.connect()
  }

  stop(): void {
    clearTimeout(this.retry)
    clearTimeout(this.silence)
    this.retry = undefined
    const old = this.socket
    this.socket = null
    old?.close()
    this.last = -1
    this.attempt = 0
    this.line.value = 'idle'
  }

  /** Tries at once instead of waiting: the browser says it is online again. */
  hurry(): void {
    if (this.retry === undefined) return
    clearTimeout(this.retry)
    this.retry = undefined
    this.connect()
  }

  private connect(): void {
    if (this.line.value !== 'lost') this.line.value = 'connecting'
    const s = this.open()
    this.socket = s
    this.listenForSilence(s)
    s.onmessage = (e) => {
      if (this.socket !== s) return
      this.listenForSilence(s)
      this.take(s, e.data)
    }
    s.onclose = () => {
      if (this.socket === s) this.lost()
    }
  }

  private lost(): void {
    clearTimeout(this.silence)
    this.socket = null
    this.line.value = 'lost'
    this.retry = setTimeout(() => {
      this.retry = undefined
      this.connect()
    }, waitMs(this.attempt++, Math.random()))
  }

  private listenForSilence(s: Socket): void {
    clearTimeout(this.silence)
    this.silence = setTimeout(() => {
      if (this.socket !== s) return
      this.lost()
      s.close()
    }, silenceMs)
  }

  private take(s: Socket, data: unknown): void {
    const m = parse(data)
    if (!m) return
    switch (m.type) {
      case 'hello':
        return this.hello(s, (m as { seq: number }).seq)
      case 'event': {
        const e = m as LiveEvent
        if (e.seq <= this.last) return
        this.last = e.seq
        for (const l of this.listeners) l.event?.(e)
        return
      }
      case 'resync':
        // Events up to this number will not come any more.
        this.last = Math.max(this.last, (m as { seq?: number }).seq ?? -1)
        for (const l of this.listeners) l.resync?.()
    }
  }

  private hello(s: Socket, seq: number): void {
    // A number below ours means another database: what we hold is not its.
    const behind = this.last > seq
    if (this.last < 0 || behind) this.last = seq
    s.send(JSON.stringify({ type: 'subscribe', since: this.last }))
    this.attempt = 0
    this.line.value = 'live'
    if (behind) for (const l of this.listeners) l.resync?.()
  }
}

function parse(data: unknown): Message | null {
  if (typeof data !== 'string') return null
  try {
    const m: unknown = JSON.parse(data)
    return m && typeof m === 'object' && typeof (m as Message).type === 'string' ? (m as Message) : null
  } catch {
    return null
  }
}

/** The one line to the hub that all pages share. */
export const live = new Live(() => {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:'
  return new WebSocket(`${scheme}//${location.host}/ws`, 'yuanzhen.v1')
})
