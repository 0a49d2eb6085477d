import { useEffect, useRef, useState } from 'preact/hooks'
import { act } from '../../load/tasks'
import type { Prior, Task } from '../../load/types'
import { t } from '../../text/case'
import { stamp } from '../clock'
import { useKeys } from '../keys'
import { Blank, ProblemNote, Skeleton } from '../parts/blank'
import { tierSays } from '../parts/marks'
import type { PageProps } from '../route'
import { navigate } from '../router'
import { take, takeNext } from '../worklist/take'
import { perform } from './actions'
import { doubts } from './checks'
import { CaseDialog, type DialogName } from './dialogs'
import { Ecg } from '../ecg/ecg'
import { grades } from './editor'
import { primaryOf } from './foot'
import { CaseHead, CaseWarnings } from './head'
import { Images } from './images'
import { useLease } from './lease'
import { useNextCase } from './next'
import { Panel } from './panel'
import { type Beside, Repeat } from './repeat'
import { append } from './templates'
import { type Case, useCase } from './usecase'
import '../../style/case.css'

/** The reading page: picture or trace on two thirds, the report beside it. */
export default function CasePage(props: PageProps) {
  const id = props.params['id'] ?? ''
  // Another case is another page: nothing of the old one may stay.
  return <OneCase key={id} id={id} />
}

function OneCase(props: { id: string }) {
  const at = useCase(props.id)
  if (!at.task) {
    return <div class="case"><div class="inner">{at.fault ? <ProblemNote fault={at.fault} onRetry={at.retry} /> : <Skeleton lines={12} />}</div></div>
  }
  return <Opened at={at} task={at.task} />
}

function Opened(props: { at: Case; task: Task }) {
  const { at, task } = props
  const [dialog, setDialog] = useState<DialogName | null>(null)
  const [prior, compare] = useState<Prior | null>(null)
  const [repeat, setRepeat] = useState<Beside | null>(null)
  useLease(task.id, task.claim, at.duty === 'write')
  const [shown, setShown] = useState(false)
  const tell = useFirstLook(at, task)
  const onShown = () => {
    setShown(true)
    tell()
  }
  useNextCase(task.id, shown)
  const primary = () => doPrimary(at, task, setDialog)
  useCaseKeys(at, task, primary, setDialog)
  const ecg = task.recording !== ''
  const label = prior ? `${stamp(prior.exam_at).slice(0, 10)} ${prior.item}` : ''
  const setPrior = (p: Prior | null) => {
    compare(p)
    setRepeat(null)
  }
  const beside: Beside | null = repeat ?? (prior?.recording ? { recording: prior.recording, label } : null)
  const insert = at.box ? (text: string) => at.box?.change({ findings: append(at.box.draft.peek().findings, text) }) : undefined
  return (
    <div class="case" data-testid="case" data-id={task.id} data-state={task.state}>
      <CaseHead task={task} />
      <CaseWarnings task={task} />
      {ecg && at.ours && <Repeat task={task} beside={repeat?.recording} onBeside={setRepeat} />}
      <div class="casebody">
        {!at.ours ? <div class="viewer"><Blank title={tierSays(task) || t('notOurs')}><p>{t('goneHelp')}</p></Blank></div> : ecg ? (
          <div class="viewer">
            <Ecg recording={task.recording} task={task.id} first editable={at.duty === 'write' || at.duty === 'review'} onShown={onShown} onInsert={insert} />
            {beside && <Ecg key={beside.recording} recording={beside.recording} task="" first={false} editable={false} label={beside.label} onShown={() => {}} />}
          </div>
        ) : (
          <Images task={task} prior={prior?.study_uid ? { study: prior.study_uid, label } : null} onShown={onShown} />
        )}
        <Panel at={at} task={task} compared={prior?.task ?? null} onCompare={setPrior} onDialog={setDialog} onPrimary={primary} />
      </div>
      {dialog && <CaseDialog name={dialog} task={task} box={at.box} report={at.report} onChanged={at.retry} onClose={() => setDialog(null)} />}
    </div>
  )
}

/** The hub learns once when the first picture was really seen. */
function useFirstLook(at: Case, task: Task): () => void {
  const told = useRef(false)
  return () => {
    if (told.current || (at.duty !== 'write' && at.duty !== 'review')) return
    told.current = true
    act(task.id, 'opened').catch(() => {})
  }
}

/** Submitting a clean report needs no question; signing always shows its content. */
function doPrimary(at: Case, task: Task, open: (d: DialogName) => void): void {
  switch (primaryOf(at, task)) {
    case 'claim':
      return void take(task)
    case 'submit':
      if (!at.box) return
      return doubts(at.box.draft.peek(), task).length > 0 ? open('submit') : void perform(task, 'submit', {}, at.box)
    case 'sign':
      return open('sign')
    case 'approve':
      return open('approve')
  }
}

function useCaseKeys(at: Case, task: Task, primary: () => void, open: (d: DialogName) => void): void {
  const { box } = at
  const focusReport = () => document.querySelector<HTMLTextAreaElement>('[data-first]')?.focus()
  const cycle = () => {
    const all = grades(task.kind)
    if (box) box.change({ grade: all[(all.indexOf(box.draft.peek().grade) + 1) % all.length] ?? '' })
  }
  useEffect(() => {
    const pointer = document.activeElement
    if (pointer instanceof HTMLElement && pointer !== document.body) pointer.blur()
  }, [])
  useKeys({
    title: t('report'),
    keys: [
      { on: 'Ctrl+Enter', says: t('key_primary'), typing: true, do: primary },
      { on: 'Enter', says: t('key_claim'), do: () => { if (at.duty === 'take') primary() } },
      { on: 'n', says: t('key_next'), do: () => void takeNext(task.id) },
      { on: 'r', says: t('key_report'), do: focusReport },
      { on: 't', says: t('key_template'), do: () => { if (box) open('template') } },
      { on: 'p', says: t('key_positive'), do: () => box?.change({ positive: !box.draft.peek().positive }) },
      { on: 'c', says: t('key_critical'), do: () => { if (box) open('critical') } },
      { on: 'g', says: t('key_grade'), do: cycle },
      { on: 'Ctrl+s', says: t('key_save'), typing: true, do: () => void box?.flush().catch(() => {}) },
      {
        on: 'Escape', says: t('key_back'), typing: true,
        do: (e) => { if (e.target instanceof HTMLTextAreaElement || e.target instanceof HTMLInputElement) e.target.blur(); else navigate('/worklist') },
      },
    ],
  })
}
