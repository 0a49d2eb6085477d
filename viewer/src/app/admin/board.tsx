import { useEffect, useState } from 'preact/hooks'
import { list, type Reader } from '../../load/admin'
import { hubNow } from '../../load/api'
import type { CriticalView } from '../../load/clinic'
import { actCritical, listCritical } from '../../load/critical'
import { live } from '../../load/live'
import { act } from '../../load/tasks'
import type { Priority, Task } from '../../load/types'
import { t } from '../../text/admin'
import { w } from '../../text/words'
import { ago, now } from '../clock'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { finding } from '../parts/finding'
import { Countdown, PatientLine, PrealertMark, PriorityMark, StateMark, TierMark } from '../parts/marks'
import { type Column, Table } from '../parts/table'
import { toast, toastFault } from '../parts/toast'
import { CorrectDialog, EscalateDialog, mayEscalate } from '../case/tierdialog'
import { examName } from '../worklist/columns'
import { byQueue } from '../worklist/queue'
import { fault, fresh, own, put, ready, reload, watch } from '../worklist/store'
import { FormDialog } from './form'
import { useList } from './register'
import '../../style/admin.css'

type Open = { what: 'transfer' | 'priority' | 'cancel' | 'escalate' | 'correct'; task: Task } | { what: 'phone'; value: CriticalView }

const busyFrom = 8

/** The dispatcher's one glance: what is late, who has how much, which critical value waits. */
export default function Board() {
  const readers = useList(() => list<Reader>('/api/v1/readers'))
  const criticals = useList(async () => (await listCritical('open')) as CriticalView[])
  const [open, setOpen] = useState<Open | null>(null)
  useEffect(watch, [])
  useEffect(() => live.listen({ event: (e) => { if (e.event.startsWith('critical.')) criticals.reload() }, resync: criticals.reload }), [])
  const waiting = own.value.filter((x) => ['queued', 'claimed', 'written'].includes(x.state))
  const late = (x: Task) => Boolean(x.due && !x.t_prelim && Date.parse(x.due) < now.value)
  const order = byQueue(hubNow())
  const rows = waiting.sort((a, b) => Number(late(b)) - Number(late(a)) || order(a, b))
  return (
    <section class="board" data-testid="board">
      <h1>{t('board')} <span class={rows.some(late) ? 'mark bad' : 'quiet'}>{t('lateOf', { n: rows.filter(late).length, m: rows.length })}</span></h1>
      {criticals.rows?.map((c) => <CriticalRow key={c.id} value={c} onPhone={() => setOpen({ what: 'phone', value: c })} onClosed={criticals.reload} />)}
      {readers.rows && <Loads readers={readers.rows} tasks={waiting} />}
      {fault.value && <ProblemNote fault={fault.value} onRetry={() => void reload()} />}
      <div class="panel scroll" tabIndex={0} role="region" aria-label={t('board')}>
        {!ready.value ? !fault.value && <Skeleton /> : rows.length === 0 ? <Blank title={t('boardNone')} /> : (
          <Table testid="board-table" columns={columns(setOpen)} rows={rows} id={(x) => x.id} fresh={(x) => fresh.value.has(x.id)} />
        )}
      </div>
      {open?.what === 'escalate' ? <EscalateDialog task={open.task} onDo={(body, name) => handUp(open.task, body, name)} onClose={() => setOpen(null)} />
        : open?.what === 'correct' ? <CorrectDialog task={open.task} onClose={() => setOpen(null)} />
        : open && open.what !== 'phone' && <TaskDialog open={{ what: open.what, task: open.task }} readers={readers.rows ?? []} onClose={() => setOpen(null)} />}
      {open?.what === 'phone' && <PhoneDialog value={open.value} onClose={() => setOpen(null)} onDone={criticals.reload} />}
    </section>
  )
}

async function handUp(x: Task, body: { reason: string; to: string }, to: string): Promise<boolean> {
  try {
    put(await act(x.id, 'escalate', body))
    toast(t('handedUp', { to }), 'good')
    return true
  } catch (refusal) {
    toastFault(refusal)
    return false
  }
}

function columns(open: (o: Open) => void): Column<Task>[] {
  const button = (what: 'transfer' | 'priority' | 'cancel' | 'escalate' | 'correct', task: Task, word: string) => <button type="button" class="btn small" onClick={() => open({ what, task })} data-testid={`board-${what}`}>{word}</button>
  return [
    { key: 'priority', head: t('priority'), width: '104px', cell: (x) => <PriorityMark priority={x.priority} /> },
    { key: 'left', head: t('left'), width: '96px', cell: (x) => <Countdown due={x.due} met={Boolean(x.t_prelim)} /> },
    { key: 'patient', head: t('patient'), width: '160px', cell: (x) => <PatientLine patient={x.patient} /> },
    { key: 'exam', head: t('exam'), cell: (x) => <span class="line"><span class="clip">{examName(x)}</span><PrealertMark alerts={x.prealert} short /><TierMark task={x} /></span>, title: (x) => examName(x) },
    { key: 'member', head: t('clinic'), width: '164px', cell: (x) => x.member_name, title: (x) => x.member_name },
    { key: 'state', head: t('state'), width: '128px', cell: (x) => <StateMark state={x.state} who={x.holder_name} /> },
    { key: 'act', head: '', width: '296px', right: true, cell: (x) => <span class="line">{button('transfer', x, t(x.state === 'queued' ? 'assign' : 'transfer'))}{button('priority', x, t('priority'))}{mayEscalate(x) && button('escalate', x, t('escalate'))}{button('correct', x, t('correct'))}{x.state !== 'queued' && button('cancel', x, t('cancelTask'))}</span> },
  ]
}

/** Readers with what they hold; who is on duty comes first. */
function Loads(props: { readers: readonly Reader[]; tasks: readonly Task[] }) {
  if (props.readers.length === 0) return null
  return (
    <div class="panel loads" data-testid="loads">
      {props.readers.map((r) => {
        const n = props.tasks.filter((x) => x.holder === r.login).length
        return (
          <div key={r.login} data-testid="load" data-count={n}>
            <span class="line"><strong class="grow clip">{r.name}</strong><span class={r.on_duty ? 'mark good' : 'mark quiet'}>{t(r.on_duty ? 'onDuty' : 'offDuty')}</span><span class="num">{n}</span></span>
            <span class={`share${n >= busyFrom ? ' busy' : ''}`}><i style={{ width: `${Math.min(100, (n / busyFrom) * 100)}%` }} /></span>
          </div>
        )
      })}
    </div>
  )
}

function TaskDialog(props: { open: { what: 'transfer' | 'priority' | 'cancel'; task: Task }; readers: readonly Reader[]; onClose(): void }) {
  const { open, readers, onClose } = props
  const x = open.task
  const reason = { key: 'reason', label: t('reason'), required: true }
  const titles = { transfer: t(x.state === 'queued' ? 'assign' : 'transfer'), priority: t('changePriority'), cancel: t('cancelTask') }
  const fields = {
    transfer: [{ key: 'to', label: t('to_reader'), kind: 'select' as const, options: readers.filter((r) => r.login !== x.holder && r.role === 'reader').map((r) => [r.login, `${r.name}${r.on_duty ? '' : `（${t('offDuty')}）`}`] as const), required: true }, reason],
    priority: [{ key: 'priority', label: t('priority'), kind: 'select' as const, options: (['0', '1', '2', '3', '4'] as const).map((p) => [p, w(`priority_${p}`)] as const) }, reason],
    cancel: [reason],
  }
  return (
    <FormDialog testid="task-dialog" title={titles[open.what]} verb={titles[open.what]} look={open.what === 'cancel' ? 'danger' : 'primary'} fields={fields[open.what]} start={{ priority: String(x.priority) }} onClose={onClose}
      onSend={async (v) => {
        put(await act(x.id, open.what, open.what === 'priority' ? { priority: Number(v['priority']) as Priority, reason: v['reason'] } : { to: v['to'], reason: v['reason'] }))
        toast(t('saved'), 'good')
      }}>
      <p><strong><PatientLine patient={x.patient} /></strong> {examName(x)} · {x.member_name}</p>
    </FormDialog>
  )
}

function CriticalRow(props: { value: CriticalView; onPhone(): void; onClosed(): void }) {
  const c = props.value
  const close = () => actCritical(c.id, 'close').then(props.onClosed)
  return (
    <div class="problem" data-testid="board-critical" data-state={c.state}>
      <span class="grow"><strong>{t(`critical_${c.state === 'notified' || c.state === 'received' ? c.state : 'handled'}`)}</strong> {c.member_name} · <PatientLine patient={c.patient} /> · {finding(c)} · {ago(c.found_at, now.value)}</span>
      {c.state === 'notified' && <button type="button" class="btn small critical" onClick={props.onPhone} data-testid="critical-phone">{t('phoneNotice')}</button>}
      {c.state === 'handled' && <button type="button" class="btn small primary" onClick={() => void close()} data-testid="critical-close">{t('closeLoop')}</button>}
    </div>
  )
}

/** Told by telephone: whom, on which number, and what was read back. */
function PhoneDialog(props: { value: CriticalView & { member_phone?: string }; onClose(): void; onDone(): void }) {
  const c = props.value
  return (
    <FormDialog testid="phone-dialog" title={t('phoneNotice')} verb={t('save')} onClose={props.onClose} start={{ phone: c.member_phone ?? '' }}
      fields={[{ key: 'phone', label: t('phone'), required: true }, { key: 'by', label: t('phoneBy'), required: true }, { key: 'read_back', label: t('readBack'), kind: 'area', required: true, hint: t('readBackHint') }]}
      onSend={async (v) => {
        await actCritical(c.id, 'receive', v)
        toast(t('saved'), 'good')
        props.onDone()
      }}>
      <p><strong>{c.member_name}</strong> · <PatientLine patient={c.patient} /> · {finding(c)}</p>
    </FormDialog>
  )
}
