import { useEffect, useMemo, useState } from 'preact/hooks'
import { account } from '../../load/session'
import { getReport } from '../../load/reports'
import { getTask } from '../../load/tasks'
import { isEcg, type Report, type Task } from '../../load/types'
import { beforeIdleLogout } from '../idle'
import { isDone, reads } from '../worklist/queue'
import { put, tasks, watch } from '../worklist/store'
import { draftOf, DraftBox, emptyDraft } from './draft'
import { type Duty, dutyOf } from './duty'

export interface Case {
  task: Task | null
  /** Whether the own centre may read it. */
  ours: boolean
  duty: Duty
  /** The report as the hub has it. */
  report: Report | null
  /** The text being written; null where there is nothing to write. */
  box: DraftBox | null
  fault: unknown
  retry(): void
}

/** A task with its report and, where this account may write, its draft. */
export function useCase(id: string): Case {
  const [fault, setFault] = useState<unknown>(null)
  const [again, setAgain] = useState(0)
  const task = tasks.value.get(id) ?? null
  useEffect(watch, [])
  useEffect(() => {
    const stop = new AbortController()
    setFault(null)
    getTask(id, stop.signal).then(put, (f: unknown) => { if (!stop.signal.aborted) setFault(f) })
    return () => stop.abort()
  }, [id, again])
  const who = account.value
  // What was handed over can be followed, and read once it is signed; the pictures are the next tier's.
  const ours = task !== null && who ? reads(task, who.member.code) : false
  const duty = ours && task && who ? dutyOf(task, who) : 'watch'
  const { report, loaded, fault: reportFault } = useReport(ours || (task && isDone(task.state)) ? task : null, again)
  const box = useBox(task, duty, report, loaded)
  return { task, ours, duty, report, box, fault: fault ?? reportFault, retry: () => setAgain((n) => n + 1) }
}

function useReport(task: Task | null, again: number): { report: Report | null; loaded: boolean; fault: unknown } {
  const [got, setGot] = useState<{ key: string; report: Report | null; fault: unknown }>({ key: '', report: null, fault: null })
  // Drafts change while they are written here: only another state or claim
  // makes the hub's text newer than ours. Not the version: the first draft
  // makes it 1, and reading it back would take the field from under the cursor.
  const key = task ? `${task.id} ${task.state} ${task.claim} ${again}` : ''
  useEffect(() => {
    if (!task) return
    if (!task.report) return setGot({ key, report: null, fault: null })
    const stop = new AbortController()
    getReport(task.report, stop.signal).then(
      (report) => setGot({ key, report, fault: null }),
      (fault: unknown) => { if (!stop.signal.aborted) setGot({ key, report: null, fault }) },
    )
    return () => stop.abort()
  }, [key])
  const loaded = got.key === key && !got.fault && key !== ''
  return { report: got.key.split(' ')[0] === task?.id ? got.report : null, loaded, fault: got.key === key ? got.fault : null }
}

function useBox(task: Task | null, duty: Duty, report: Report | null, loaded: boolean): DraftBox | null {
  const writes = duty === 'write' || duty === 'review'
  const key = task && writes && loaded ? `${task.id} ${task.claim} ${task.state}` : ''
  const box = useMemo(() => {
    if (!task || key === '') return null
    const grade = task.grade || (task.kind === 'image' ? 'A' : isEcg(task.kind) ? 'ok' : '')
    const start = report ? draftOf(report, grade) : { ...emptyDraft, grade }
    const made = new DraftBox(task.id, task.claim, start, store())
    if (report) made.report.value = report.id
    return made
  }, [key])
  useEffect(() => {
    if (!box) return
    const off = beforeIdleLogout(() => box.flush())
    const hide = () => { if (document.visibilityState === 'hidden') box.flush().catch(() => {}) }
    const unload = (e: BeforeUnloadEvent) => { if (['changed', 'saving', 'kept', 'refused'].includes(box.state.peek())) e.preventDefault() }
    document.addEventListener('visibilitychange', hide)
    addEventListener('beforeunload', unload)
    return () => {
      off()
      document.removeEventListener('visibilitychange', hide)
      removeEventListener('beforeunload', unload)
      box.leave()
    }
  }, [box])
  return box
}

function store(): Storage | null {
  try {
    return sessionStorage
  } catch {
    return null
  }
}
