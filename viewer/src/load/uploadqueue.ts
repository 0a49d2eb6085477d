import { signal } from '@preact/signals'
import { ask } from './api'
import { asProblem, type Problem } from './problem'
import type { Group, Picked } from './uploadgroup'
import { hashFile } from './uploadhash'
import { keep, type Keep } from './uploadkept'
import { identity, type Line, type LineFile, newId, type Receipt } from './uploadline'
import { sendPicture, Tus, type Verdict } from './uploadtus'

export interface QueueParts {
  tus: Pick<Tus, 'send' | 'verdict' | 'remove'>
  keep: Keep
  hash(file: Blob): Promise<string>
  declare(files: { path: string; size: number; sha256: string }[]): Promise<{ id: string }>
  /** What became of a declaration. */
  receipt(batch: string): Promise<Receipt>
  /** Hands a picture in as an ECG. */
  picture(file: Blob, name: string, order: string, signal: AbortSignal): Promise<Verdict>
  /** Milliseconds before attempt n after a fault that passes. */
  waitMs(attempt: number): number
}

const parallel = 3
const keepEveryMs = 1000
const speedOverMs = 8000

/**
 * Sends what was chosen, three files at a time, the oldest line first, and
 * goes on by itself after a cut line. One queue lives as long as the window.
 */
export class UploadQueue {
  readonly lines = signal<readonly Line[]>([])
  /** Bytes a second over the last seconds; 0 while nothing moves. */
  readonly speed = signal(0)
  private readonly handles = new Map<LineFile, File>()
  private readonly busy = new Set<LineFile>()
  private readonly unsaved = new Map<string, ReturnType<typeof setTimeout>>()
  private moved: { at: number; bytes: number }[] = []
  private attempt = 0
  private pause: ReturnType<typeof setTimeout> | undefined
  private stop = new AbortController()
  private login = ''

  constructor(private readonly parts: QueueParts) {}

  /** Takes up the unfinished uploads of an account. */
  async resume(login: string): Promise<void> {
    if (login === this.login) return
    this.halt()
    this.login = login
    const kept = (await this.parts.keep.all()).filter((l) => l.login === login)
    if (login !== this.login) return
    const known = new Set(this.lines.peek().map((l) => l.id))
    const lost = kept.filter((l) => !known.has(l.id)).map((l): Line => ({ ...l, head: null, state: 'lost', files: l.files.map((f) => (f.state === 'sending' ? { ...f, state: 'new' } : f)) }))
    this.lines.value = [...lost, ...this.lines.peek()]
  }

  /** Stops sending and forgets the files: somebody logged out. */
  halt(): void {
    this.stop.abort()
    this.stop = new AbortController()
    clearTimeout(this.pause)
    this.pause = undefined
    this.login = ''
    this.handles.clear()
    this.busy.clear()
    this.lines.value = []
    this.moved = []
    this.speed.value = 0
  }

  /** Files chosen again belong to lines that wait for them; returns the others. */
  adopt(files: readonly Picked[]): Picked[] {
    const wanted = new Map<string, { line: Line; file: LineFile }>()
    for (const line of this.lines.peek()) {
      if (line.state !== 'lost') continue
      for (const f of line.files) if (f.state === 'new' && !this.handles.has(f)) wanted.set(identity(f.path, f.size, f.mtime), { line, file: f })
    }
    const touched = new Set<Line>()
    const rest = files.filter(({ file, path }) => {
      const hit = wanted.get(identity(path, file.size, file.lastModified))
      if (!hit) return true
      this.handles.set(hit.file, file)
      touched.add(hit.line)
      return false
    })
    for (const line of touched) {
      line.state = 'send'
      void this.prepare(line)
    }
    this.show()
    return rest
  }

  /** Puts a new line into the queue; order '' lets the hub match it. */
  add(g: Group, order: string, title: string): void {
    const files = g.files.map(({ file, path }): LineFile => {
      const f: LineFile = { path, size: file.size, mtime: file.lastModified, sha256: '', url: '', offset: 0, state: 'new', verdict: null, fault: '' }
      this.handles.set(f, file)
      return f
    })
    const line: Line = { id: newId(), login: this.login, title, order, batch: '', at: Date.now(), files, head: g.head, state: 'check', ...(g.picture ? { picture: true } : {}) }
    this.lines.value = [...this.lines.peek(), line]
    void this.prepare(line)
  }

  /** Takes a line out; what the hub already stored stays there. */
  async drop(line: Line): Promise<void> {
    this.lines.value = this.lines.peek().filter((l) => l !== line)
    clearTimeout(this.unsaved.get(line.id))
    this.unsaved.delete(line.id)
    await this.parts.keep.remove(line.id)
    for (const f of line.files) {
      this.handles.delete(f)
      if (f.url && f.state === 'new') await this.parts.tus.remove(f.url, this.stop.signal).catch(() => {})
    }
  }

  /** Tries at once: the network is back, or somebody pressed the button. */
  hurry(): void {
    clearTimeout(this.pause)
    this.pause = undefined
    for (const l of this.lines.peek()) if (l.state === 'wait') void this.prepare(l)
    this.pump()
  }

  /** Hashes and declares a line, then lets its files go. */
  private async prepare(line: Line): Promise<void> {
    const stop = this.stop
    for (const f of line.files) {
      if (f.sha256 || f.state === 'done') continue
      const file = this.handles.get(f)
      f.sha256 = file ? await this.parts.hash(file) : ''
      if (stop.signal.aborted) return
      if (f.sha256 === '') {
        f.state = 'failed'
        f.fault = 'unreadable'
      }
      this.show()
    }
    const files = line.files.filter((f) => f.sha256).map(({ path, size, sha256 }) => ({ path, size, sha256 }))
    if (files.length === 0) return this.settle(line)
    if (!line.batch && !line.picture) {
      try {
        line.batch = (await this.parts.declare(files)).id
      } catch (fault) {
        if (!stop.signal.aborted) this.refused(line, asProblem(fault))
        return
      }
      if (stop.signal.aborted) return
    }
    line.state = 'send'
    this.save(line)
    this.show()
    this.pump()
  }

  private refused(line: Line, p: Problem): void {
    if (p.passing) {
      line.state = 'wait'
      this.backOff()
    } else {
      line.state = 'failed'
      for (const f of line.files) if (f.state === 'new') Object.assign(f, { state: 'failed', fault: p.detail })
    }
    this.show()
  }

  private pump(): void {
    if (this.pause !== undefined) return
    for (const line of this.lines.peek()) {
      if (line.state !== 'send' && line.state !== 'wait') continue
      for (const f of line.files) {
        if (this.busy.size >= parallel) return
        if ((line.batch || line.picture) && f.state === 'new' && !this.busy.has(f) && this.handles.has(f)) void this.send(line, f)
      }
    }
  }

  private async send(line: Line, f: LineFile): Promise<void> {
    const stop = this.stop
    this.busy.add(f)
    f.state = 'sending'
    line.state = 'send'
    try {
      const file = this.handles.get(f)!
      if (line.picture) f.verdict = await this.parts.picture(file, f.path, line.order, stop.signal)
      else {
        const meta = { filename: f.path, order: line.order, batch: line.batch }
        const url = await this.parts.tus.send(file, meta, f.url, {
          signal: stop.signal,
          onAddress: (u) => { f.url = u; this.save(line) },
          onOffset: (n) => { this.note(n - f.offset); f.offset = n; this.attempt = 0; this.show() },
        })
        // A part of a record is judged when its other parts have come: they need the place.
        this.busy.delete(f)
        this.pump()
        f.verdict = await this.judged(url, stop.signal)
      }
      f.state = 'done'
      this.handles.delete(f)
    } catch (fault) {
      if (stop.signal.aborted) return
      const p = asProblem(fault)
      f.state = p.passing ? 'new' : 'failed'
      f.fault = p.detail
      if (p.passing) {
        line.state = 'wait'
        this.backOff()
      }
    } finally {
      this.busy.delete(f)
    }
    this.settle(line)
    this.pump()
  }

  /** The hub answers the last piece when it has taken the file in; another node may be a moment behind. */
  private async judged(url: string, signal: AbortSignal): Promise<Verdict | null> {
    for (let n = 0; n < 8; n++) {
      const { verdict } = await this.parts.tus.verdict(url, signal)
      if (verdict?.result) return verdict
      await new Promise((go) => setTimeout(go, this.parts.waitMs(n)))
    }
    return null
  }

  private settle(line: Line): void {
    const open = line.files.some((f) => f.state === 'new' || f.state === 'sending')
    if (!open) {
      line.state = line.files.every((f) => f.state === 'failed') ? 'failed' : 'done'
      void this.ask(line)
      clearTimeout(this.unsaved.get(line.id))
      this.unsaved.delete(line.id)
      void this.parts.keep.remove(line.id)
    } else this.save(line)
    this.show()
  }

  /** Asks what became of a line that is not whole, so that it can be said in one place. */
  private async ask(line: Line): Promise<void> {
    if (!line.batch || line.files.every((f) => f.verdict?.result === 'stored' || f.verdict?.result === 'duplicate')) return
    line.receipt = await this.parts.receipt(line.batch).catch(() => null)
    this.show()
  }

  private backOff(): void {
    if (this.pause !== undefined) return
    this.pause = setTimeout(() => {
      this.pause = undefined
      this.hurry()
    }, this.parts.waitMs(this.attempt++))
  }

  private note(bytes: number): void {
    if (bytes <= 0) return
    const now = performance.now()
    this.moved = [...this.moved.filter((m) => now - m.at < speedOverMs), { at: now, bytes }]
    const first = this.moved[0]!
    const ms = Math.max(500, now - first.at)
    this.speed.value = this.moved.length > 1 ? (this.moved.reduce((n, m) => n + m.bytes, 0) * 1000) / ms : 0
  }

  /** Writes a line down, at most once a second; a line that waits at once, since reloading is what people do then. */
  private save(line: Line): void {
    if (line.state === 'wait') return this.write(line)
    if (this.unsaved.has(line.id)) return
    this.unsaved.set(line.id, setTimeout(() => this.write(line), keepEveryMs))
  }

  private write(line: Line): void {
    clearTimeout(this.unsaved.get(line.id))
    this.unsaved.delete(line.id)
    const { id, login, title, order, batch, at, files, picture } = line
    if (this.lines.peek().includes(line) && line.state !== 'done') void this.parts.keep.put({ id, login, title, order, batch, at, files, ...(picture ? { picture } : {}) })
  }

  private show(): void {
    this.lines.value = [...this.lines.peek()]
    if (!this.lines.peek().some((l) => l.state === 'send')) this.speed.value = 0
  }
}

/** The one queue of this window. */
export const uploads = new UploadQueue({
  tus: new Tus(),
  keep,
  hash: hashFile,
  declare: (files) => ask<{ id: string }>('/api/v1/batches', { method: 'POST', body: { files } }),
  receipt: (batch) => ask<Receipt>(`/api/v1/batches/${encodeURIComponent(batch)}`),
  picture: sendPicture,
  waitMs: (n) => Math.min(30_000, 1000 * 2 ** Math.min(n, 5)) * (0.75 + Math.random() / 2),
})
