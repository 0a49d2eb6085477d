import { fill } from '../../text/catalogue'
import type { Line } from '../../load/uploadline'
import { t } from '../../text/clinic'

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
}

/** What the hub said of a line's files, each sentence once. */
export function verdictOf(l: Pick<Line, 'files'>): Said {
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
    if (!v) continue
    task ||= v.task ?? ''
    for (const advice of v.advice ?? []) {
      sentences.add(advice)
      if (tone === 'good') tone = 'warn'
    }
    if (v.result === 'stored' || v.result === 'ignored') continue
    const plain = v.result === 'duplicate' ? t('duplicate') : v.detail || fill(t('kept'), { file: f.path })
    sentences.add(plain)
    if (v.result !== 'duplicate') tone = 'bad'
  }
  return { tone, sentences: [...sentences].slice(0, 6), task }
}
