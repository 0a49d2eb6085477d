import { signal, type Signal } from '@preact/signals'
import { Problem } from '../../load/problem'
import { type Draft, saveDraft } from '../../load/reports'
import type { Report } from '../../load/types'

export const emptyDraft: Draft = { findings: '', impression: '', recommendation: '', positive: false, critical: false, grade: '' }

/** The draft part of a report. */
export function draftOf(r: Report, grade: string): Draft {
  const { findings, impression, recommendation, positive, critical } = r
  return { findings, impression, recommendation, positive, critical, grade: r.grade || grade }
}

export function sameDraft(a: Draft, b: Draft): boolean {
  return (Object.keys(a) as (keyof Draft)[]).every((k) => a[k] === b[k])
}

/**
 * kept: on this computer only, until the line is back; refused: the hub does
 * not take it, see DraftBox.fault; stale: another claim has taken over.
 */
export type Saving = 'clean' | 'changed' | 'saving' | 'saved' | 'kept' | 'refused' | 'stale'

type Keep = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
type Save = (task: string, d: Draft, claim: number, keepalive?: boolean) => Promise<Report>

/** Quiet time after the last change before the draft is sent. */
export const quietMs = 2000
/** Wait before a draft that could not be sent is tried again. */
export const againMs = 5000

/**
 * The report being written: every change is kept in this window at once and
 * sent to the hub a moment later, under the claim it was made with.
 */
export class DraftBox {
  readonly draft: Signal<Draft>
  readonly state = signal<Saving>('clean')
  /** Why the hub refused the last draft. */
  fault: unknown = null
  /** The report's id, known after the first save. */
  readonly report = signal<string | null>(null)
  private sent: Draft
  private timer: ReturnType<typeof setTimeout> | undefined
  private flying: Promise<void> | null = null
  private closed = false

  constructor(
    private readonly task: string,
    private readonly claim: number,
    start: Draft,
    private readonly keep: Keep | null,
    private readonly save: Save = saveDraft,
  ) {
    this.sent = start
    const kept = recall(keep, this.key)
    // A text kept here counts as long as nobody has changed what it began
    // from: the same claim, or a later one of a report that stayed as it was.
    const own = kept && (kept.claim === claim || sameDraft(kept.from, start)) ? kept.draft : null
    this.draft = signal(own ?? start)
    if (own && !sameDraft(own, start)) this.plan(0)
  }

  private get key(): string {
    return `yz.draft.${this.task}`
  }

  change(part: Partial<Draft>): void {
    this.draft.value = { ...this.draft.peek(), ...part }
    try {
      const kept: Kept = { claim: this.claim, from: this.sent, draft: this.draft.peek() }
      this.keep?.setItem(this.key, JSON.stringify(kept))
    } catch {
      // A full or forbidden storage: the hub still gets the draft.
    }
    if (this.state.peek() === 'stale') return
    if (this.state.peek() !== 'saving') this.state.value = 'changed'
    this.plan(quietMs)
  }

  private plan(ms: number): void {
    clearTimeout(this.timer)
    if (!this.closed) this.timer = setTimeout(() => void this.flush().catch(() => {}), ms)
  }

  /** Sends what has changed and waits until the hub has it; throws its refusal. */
  async flush(): Promise<void> {
    clearTimeout(this.timer)
    while (this.flying) await this.flying.catch(() => {})
    if (sameDraft(this.draft.peek(), this.sent)) return
    this.flying = this.send(this.draft.peek())
    try {
      await this.flying
    } finally {
      this.flying = null
    }
    if (!sameDraft(this.draft.peek(), this.sent)) this.plan(quietMs)
  }

  /** Like flush, but for drafts that must exist even when nothing was typed. */
  async ensure(): Promise<void> {
    await this.flush()
    if (this.report.peek() === null) await this.send(this.draft.peek())
  }

  private async send(d: Draft): Promise<void> {
    this.state.value = 'saving'
    try {
      const r = await this.save(this.task, d, this.claim)
      this.sent = d
      this.report.value = r.id
      this.state.value = sameDraft(this.draft.peek(), d) ? 'saved' : 'changed'
      if (this.state.peek() === 'saved') this.forget()
    } catch (fault) {
      const refused = fault instanceof Problem && !fault.passing
      this.fault = fault
      this.state.value = !refused ? 'kept' : fault.status === 409 ? 'stale' : 'refused'
      if (!refused) this.plan(againMs)
      throw fault
    }
  }

  /** The page goes away: one last try that outlives it. */
  leave(): void {
    clearTimeout(this.timer)
    this.closed = true
    if (!sameDraft(this.draft.peek(), this.sent) && this.state.peek() !== 'stale') {
      this.save(this.task, this.draft.peek(), this.claim, true).then(() => this.forget(), () => {})
    }
  }

  /** The report has been handed in: nothing stays on this computer. */
  forget(): void {
    try {
      this.keep?.removeItem(this.key)
    } catch {
      // Nothing was kept then.
    }
  }
}

interface Kept {
  claim: number
  /** The hub's text when this one was begun. */
  from: Draft
  draft: Draft
}

function recall(keep: Keep | null, key: string): Kept | null {
  try {
    const raw = JSON.parse(keep?.getItem(key) ?? 'null') as Partial<Kept> | null
    if (!raw || typeof raw !== 'object' || typeof raw.claim !== 'number') return null
    return { claim: raw.claim, from: readDraft(raw.from), draft: readDraft(raw.draft) }
  } catch {
    return null
  }
}

function readDraft(raw: unknown): Draft {
  const d = (raw && typeof raw === 'object' ? raw : {}) as Record<string, unknown>
  const word = (k: keyof Draft) => (typeof d[k] === 'string' ? (d[k] as string) : '')
  return {
    findings: word('findings'), impression: word('impression'), recommendation: word('recommendation'), grade: word('grade'),
    positive: d['positive'] === true, critical: d['critical'] === true,
  }
}
