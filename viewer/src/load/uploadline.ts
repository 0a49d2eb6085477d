import type { Head } from './uploadhead'
import type { Verdict } from './uploadtus'

/** One file on its way. */
export interface LineFile {
  path: string
  size: number
  mtime: number
  /** '' until hashed. */
  sha256: string
  /** Address of its upload; '' before the first byte. */
  url: string
  /** Bytes the hub holds durably. */
  offset: number
  state: 'new' | 'sending' | 'done' | 'failed'
  verdict: Verdict | null
  /** The hub's sentence when it refused the file. */
  fault: string
}

/** What is kept over a reload: no name, no number of a patient. */
export interface KeptLine {
  id: string
  login: string
  /** Of the exam: "CT 胸部". */
  title: string
  order: string
  /** '' for pictures, which go by themselves. */
  batch: string
  at: number
  files: LineFile[]
  /** A picture that somebody said is an ECG. */
  picture?: boolean
}

/** One study or recording in the list of uploads. */
export interface Line extends KeptLine {
  head: Head | null
  /** What became of all its files together, once they are sent. */
  receipt?: Receipt | null
  /** check: hashing and declaring; wait: the line is down; lost: files must be chosen again. */
  state: 'check' | 'send' | 'wait' | 'lost' | 'done' | 'failed'
}

/** What became of a declaration: how many files of what fate, and why it is not whole. */
export interface Receipt {
  complete: boolean
  /** Every file has its verdict. */
  settled: boolean
  awaited: number
  failed: number
  ignored: number
  reasons: { code: string; detail: string; files: number; paths: string[] }[]
}

/** The same file whatever folder it was chosen through. */
export function identity(path: string, size: number, mtime: number): string {
  return `${path.split('/').pop()}|${size}|${mtime}`
}

/** A fresh id for a line. */
export function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((x) => x.toString(16).padStart(2, '0')).join('')
}

/** Sums of a line for its bar. */
export function sums(l: Pick<Line, 'files'>): { bytes: number; sent: number; done: number; failed: number } {
  const all = { bytes: 0, sent: 0, done: 0, failed: 0 }
  for (const f of l.files) {
    all.bytes += f.size
    all.sent += f.state === 'done' ? f.size : f.offset
    if (f.state === 'done') all.done++
    if (f.state === 'failed') all.failed++
  }
  return all
}
