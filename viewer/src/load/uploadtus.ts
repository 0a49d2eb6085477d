import { writeHeaders } from './api'
import { Problem, readProblem } from './problem'

/** The verdict of the hub on one file. */
export interface Verdict {
  result: 'stored' | 'duplicate' | 'conflict' | 'quarantined' | 'ignored' | 'rejected'
  code?: string
  detail?: string
  study_uid?: string
  task?: string
  recording?: string
  /** What to do now, as sentences. */
  advice?: string[] | null
  /** The defective ECG that this one repeats. */
  corrects?: { id: string; at: string } | null
}

export interface Sent {
  id: string
  size: number
  offset: number
  state: string
  verdict?: Verdict | null
}

const root = '/api/v1/uploads'
const version = '1.0.0'
/** A piece grows until it takes about two seconds, so that little is lost. */
const pieceMs = 2000
export const smallestPiece = 256 << 10
export const largestPiece = 16 << 20
/** A piece that takes longer than this is on a dead line. */
const patienceMs = 120_000

/** Bytes for the next piece after one of `bytes` took `ms`. */
export function nextPiece(bytes: number, ms: number): number {
  const fits = (bytes * pieceMs) / Math.max(ms, 1)
  return Math.round(Math.min(largestPiece, Math.max(smallestPiece, Math.min(fits, bytes * 2))))
}

/** "filename d29ybGQ=,order bzE=": tus metadata, values in base64 of UTF-8. */
export function metadata(values: Readonly<Record<string, string>>): string {
  const base64 = (s: string) => btoa(String.fromCharCode(...new TextEncoder().encode(s)))
  return Object.entries(values).filter(([, v]) => v !== '').map(([k, v]) => `${k} ${base64(v)}`).join(',')
}

export interface Progress {
  signal: AbortSignal
  /** The upload has this address from now on: keep it to resume. */
  onAddress(url: string): void
  /** So many bytes are with the hub, durably. */
  onOffset(bytes: number): void
}

/** A client of tus 1.0 (core, creation, creation-with-upload). */
export class Tus {
  private piece = 1 << 20

  constructor(private readonly fetch: typeof globalThis.fetch = (url, init) => globalThis.fetch(url, init), private readonly origin = '') {}

  /**
   * Sends a file, from where the upload at `url` stopped or from the start.
   * Returns the upload's address once the hub has every byte and has taken
   * the file in. Throws Problem; one that is passing may be tried again.
   */
  async send(file: Blob, meta: Readonly<Record<string, string>>, url: string, p: Progress): Promise<string> {
    let at = -1
    if (url) at = await this.offset(url, p.signal)
    if (at < 0) {
      const made = await this.create(file, meta, p.signal)
      url = made.url
      at = made.offset
      p.onAddress(url)
    }
    p.onOffset(at)
    while (at < file.size) {
      at = await this.append(file, url, at, p.signal)
      p.onOffset(at)
    }
    return url
  }

  /** The hub's word on a finished upload. */
  async verdict(url: string, signal: AbortSignal): Promise<Sent> {
    const answer = await this.ask(url, { method: 'GET', headers: { Accept: 'application/json' } }, signal)
    return (await answer.json()) as Sent
  }

  /** Gives an upload up; one that is gone already is no fault. */
  async remove(url: string, signal: AbortSignal): Promise<void> {
    try {
      await this.ask(url, { method: 'DELETE' }, signal)
    } catch (fault) {
      if (!(fault instanceof Problem) || (fault.status !== 404 && fault.status !== 410)) throw fault
    }
  }

  /** Where an upload stands; -1 when the hub no longer knows it. */
  private async offset(url: string, signal: AbortSignal): Promise<number> {
    try {
      return number((await this.ask(url, { method: 'HEAD' }, signal)).headers.get('Upload-Offset'))
    } catch (fault) {
      if (fault instanceof Problem && (fault.status === 404 || fault.status === 410)) return -1
      throw fault
    }
  }

  private async create(file: Blob, meta: Readonly<Record<string, string>>, signal: AbortSignal): Promise<{ url: string; offset: number }> {
    const first = file.slice(0, this.piece)
    const headers = { 'Upload-Length': String(file.size), 'Upload-Metadata': metadata(meta), 'Content-Type': 'application/offset+octet-stream' }
    const answer = await this.timed(first.size, () => this.ask(root, { method: 'POST', headers, body: first }, signal))
    const where = answer.headers.get('Location')
    if (!where) throw new Problem(answer.status, '', '')
    // A hub behind a proxy may name another origin: the path is what counts.
    const url = new URL(where, 'http://hub').pathname
    return { url, offset: number(answer.headers.get('Upload-Offset') ?? '0') }
  }

  private async append(file: Blob, url: string, at: number, signal: AbortSignal): Promise<number> {
    const body = file.slice(at, at + this.piece)
    const headers = { 'Upload-Offset': String(at), 'Content-Type': 'application/offset+octet-stream' }
    try {
      const answer = await this.timed(body.size, () => this.ask(url, { method: 'PATCH', headers, body }, signal))
      return number(answer.headers.get('Upload-Offset'))
    } catch (fault) {
      // The answer to an earlier piece was lost: the hub knows how far it is.
      if (!(fault instanceof Problem) || fault.status !== 409) throw fault
      const now = await this.offset(url, signal)
      if (now < 0 || now === at) throw fault
      return now
    }
  }

  private async timed(bytes: number, send: () => Promise<Response>): Promise<Response> {
    const began = performance.now()
    const answer = await send()
    if (bytes >= this.piece) this.piece = nextPiece(bytes, performance.now() - began)
    return answer
  }

  private async ask(path: string, init: { method: string; headers?: Record<string, string>; body?: Blob }, signal: AbortSignal): Promise<Response> {
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(), patienceMs)
    const chain = () => stop.abort()
    signal.addEventListener('abort', chain)
    let answer: Response
    try {
      answer = await this.fetch(this.origin + path, {
        ...init, headers: { 'Tus-Resumable': version, ...writeHeaders(), ...init.headers }, signal: stop.signal, credentials: 'same-origin', cache: 'no-store',
      })
    } catch (fault) {
      if (signal.aborted) throw fault
      this.piece = Math.max(smallestPiece, this.piece >> 1)
      throw new Problem(0, 'network', '')
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', chain)
    }
    if (answer.ok) return answer
    throw readProblem(answer.status, await answer.text().catch(() => ''))
  }
}

/** Hands a picture in as an ECG, in one request: it is small, and nothing measures on it. */
export async function sendPicture(file: Blob, name: string, order: string, signal: AbortSignal): Promise<Verdict> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), patienceMs)
  const chain = () => stop.abort()
  signal.addEventListener('abort', chain)
  let answer: Response
  try {
    const query = order ? `?order=${encodeURIComponent(order)}` : ''
    answer = await fetch(`/api/v1/recordings${query}`, {
      method: 'POST', body: file, signal: stop.signal, credentials: 'same-origin', cache: 'no-store',
      // Names of files may hold Chinese, headers may not.
      headers: { ...writeHeaders(), 'X-Filename': encodeURIComponent(name.split('/').pop() ?? ''), 'Content-Type': 'application/octet-stream' },
    })
  } catch (fault) {
    if (signal.aborted) throw fault
    throw new Problem(0, 'network', '')
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', chain)
  }
  if (!answer.ok) throw readProblem(answer.status, await answer.text().catch(() => ''))
  const made = (await answer.json()) as { id: string; task: string; advice?: string[] | null; corrects?: Verdict['corrects'] }
  return { result: answer.status === 200 ? 'duplicate' : 'stored', task: made.task, recording: made.id, advice: made.advice ?? [], corrects: made.corrects ?? null }
}

function number(text: string | null): number {
  const n = Number(text)
  if (text === null || !Number.isSafeInteger(n) || n < 0) throw new Problem(502, 'network', '')
  return n
}
