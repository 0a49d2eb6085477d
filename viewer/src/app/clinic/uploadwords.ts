import { fill, comma } from '../../text/catalogue'
import type { Line, Receipt } from '../../load/uploadline'
import { t } from '../../text/clinic'
import { stamp } from '../clock'

const units = ['B', 'KB', 'MB', 'GB'] as const

/** "1.5 MB": one decimal below ten. */
export function bytesWord(n: number): string {
  let i = 0
  while (n >= 1000 && i < units.length - 1) {
    n /= 1024
    i++
  }
  return `${n < 10 && i > 0 ? n.toFixed(1) : Math.round(n)} ${units[i]}`
}

/** "0:45", "12:05": what is left at a speed in bytes a second. */
export function remaining(bytes: number, speed: number): string {
  const s = Math.min(86_399, Math.ceil(bytes / Math.max(1, speed)))
  const clock = [Math.floor(s / 60), String(s % 60).padStart(2, '0')]
  return clock.join(':')
}

export interface Said {
  /** good: all stored; warn: something to do; bad: something was not taken. */
  tone: 'good' | 'warn' | 'bad'
  sentences: string[]
  task: string
  /** Nothing of it was kept. */
  none: boolean
}

/** What the hub said of a line's files, each sentence once. */
export function verdictOf(l: Pick<Line, 'files' | 'receipt' | 'picture'>): Said {
  const sentences = new Set<string>()
  let tone: Said['tone'] = 'good'
  let task = ''
  for (const f of l.files) {
    if (f.state === 'failed') {
      tone = 'bad'
      sentences.add(f.fault === 'unreadable' ? t('fileUnreadable', { file: f.path }) : f.fault || t('notTaken'))
      continue
    }
    const v = f.verdict
    if (!v) {
      // All bytes are there; the hub has not said yet what they are.
      if (f.state === 'done' && !l.receipt) {
        sentences.add(t('stillJudged'))
        if (tone === 'good') tone = 'warn'
      }
      continue
    }
    task ||= v.task ?? ''
    if (v.corrects) sentences.add(t('repeatTaken', { at: stamp(v.corrects.at).slice(11) }))
    for (const advice of v.advice ?? []) {
      sentences.add(advice)
      if (tone === 'good') tone = 'warn'
    }
    if (v.result === 'stored' && l.picture) sentences.add(t('pictureTaken'))
    if (v.result === 'stored' || v.result === 'ignored' || (l.receipt && v.result !== 'duplicate')) continue
    const plain = v.result === 'duplicate' ? t('duplicate') : v.detail || fill(t('kept'), { file: f.path })
    sentences.add(plain)
    if (v.result !== 'duplicate') tone = 'bad'
  }
  const whole = l.receipt && !l.receipt.complete ? receiptSays(l.receipt, l.files.length) : []
  if (l.receipt && l.receipt.failed + l.receipt.awaited > 0) tone = 'bad'
  const none = Boolean(l.receipt) && l.files.every((f) => f.verdict?.result !== 'stored' && f.verdict?.result !== 'duplicate')
  if (none && tone === 'good') tone = 'warn'
  return { tone, sentences: [...whole, ...sentences].slice(0, 6), task, none }
}

const namedMost = 2

/** What is kept, and for each reason what was not and what to do. */
function receiptSays(r: Receipt, files: number): string[] {
  const kept = files - r.failed - r.ignored - r.awaited
  const sum = [t('receiptKept', { n: kept, m: files }), r.failed > 0 && t('receiptFailed', { n: r.failed }), r.awaited > 0 && t('receiptAwaited', { n: r.awaited }), r.ignored > 0 && t('receiptIgnored', { n: r.ignored })]
  return [
    sum.filter(Boolean).join(comma.value),
    ...r.reasons.map((x) => {
      const names = x.paths.slice(0, namedMost).map((p) => p.split('/').pop()).join(comma.value)
      return t('receiptReason', { names: x.files > namedMost ? `${names} ${t('andMore', { n: x.files })}` : names, detail: x.detail })
    }),
  ]
}
