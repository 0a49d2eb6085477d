import { useEffect, useRef, useState } from 'preact/hooks'
import { account, hasRight, hasRole } from '../../load/session'
import type { Task } from '../../load/types'
import { t } from '../../text/case'
import { w } from '../../text/words'
import { sentence } from '../parts/blank'
import { Icon } from '../parts/icon'
import { tierOf, tierSays } from '../parts/marks'
import { perform } from './actions'
import { reads } from '../worklist/queue'
import type { DialogName } from './dialogs'
import { autoNext, setAutoNext } from './pref'
import { mayCorrect, mayEscalate } from './tierdialog'
import type { Case } from './usecase'

/** What the biggest button does for this person now; null: nothing. */
export function primaryOf(at: Case, task: Task): 'claim' | 'submit' | 'sign' | 'approve' | null {
  switch (at.duty) {
    case 'take':
      return 'claim'
    case 'write':
      return hasRight('sign_alone', task.kind) ? 'sign' : 'submit'
    case 'review':
      return 'approve'
    default:
      return null
  }
}

/** The buttons under the report. */
export function Foot(props: { at: Case; task: Task; onDialog(d: DialogName): void; onPrimary(): void }) {
  const { at, task } = props
  const primary = primaryOf(at, task)
  const waiting = !task.complete && task.waived === ''
  return (
    <div class="foot">
      <Standing at={at} task={task} />
      {waiting && (at.duty === 'write' || at.duty === 'review') && task.kind === 'image' && (
        <button class="btn small" onClick={() => props.onDialog('waive')} data-testid="waive"><Icon name="warn" size={12} />{t('waive')}</button>
      )}
      <div class="line">
        {primary && (
          <button class="btn primary" onClick={props.onPrimary} data-testid={`do-${primary}`}>
            {t(primary)} <kbd>{primary === 'claim' ? 'Enter' : 'Ctrl+↵'}</kbd>
          </button>
        )}
        {at.duty === 'review' && <button class="btn" onClick={() => props.onDialog('reject')} data-testid="do-reject">{t('reject')}</button>}
        {at.duty === 'write' && <button class="btn" onClick={() => props.onDialog('return')} data-testid="do-return">{t('giveBack')}</button>}
        {at.duty === 'recall' && <button class="btn" onClick={() => void perform(task, 'recall', {}, null)} data-testid="do-recall">{t('recall')}</button>}
        {at.duty === 'done' && <button class="btn" onClick={() => props.onDialog('addendum')} data-testid="do-addendum">{t('addendum')}</button>}
        {at.duty === 'done' && <button class="btn" onClick={() => props.onDialog('revise')} data-testid="do-revise">{t('revise')}</button>}
        <More at={at} task={task} onDialog={props.onDialog} />
      </div>
    </div>
  )
}

/** Where the text is: saved, kept here, or whose the case is. */
function Standing(props: { at: Case; task: Task }) {
  const { at, task } = props
  if (at.box) {
    const s = at.box.state.value
    const look = s === 'kept' ? 'warn' : s === 'stale' || s === 'refused' ? 'bad' : 'quiet'
    return (
      <div class="line">
        <span class={`mark ${look}`} role="status" data-testid="saving" data-state={s}>{s === 'clean' ? '' : t(`saving_${s}`)}{s === 'refused' ? sentence(at.box.fault) : ''}</span>
        <label class="check end quiet" style={{ fontSize: '12px' }}>
          <input type="checkbox" checked={autoNext.value} onChange={(e) => setAutoNext(e.currentTarget.checked)} data-testid="auto-next" />
          {t('autoNext')}
        </label>
      </div>
    )
  }
  if (at.duty !== 'watch' && at.duty !== 'recall') return null
  return <div class="quiet" data-testid="standing">{standing(task)}</div>
}

function standing(task: Task): string {
  if (tierOf(task) === 'gone') return tierSays(task)
  switch (task.state) {
    case 'claimed':
      return t('watch_claimed', { name: task.holder_name || task.holder })
    case 'written':
      return t('watch_written', { name: task.writer })
    case 'queued':
      return t('watch_queued')
    case 'returned':
      return t('watch_returned', { reason: task.returned?.text || task.returned?.reason || '' })
    default:
      return t('watch_other', { state: w(`state_${task.state}`) })
  }
}

function More(props: { at: Case; task: Task; onDialog(d: DialogName): void }) {
  const { at, task } = props
  const [open, setOpen] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!open) return
    const away = (e: Event) => { if (!box.current?.contains(e.target as Node)) setOpen(false) }
    addEventListener('pointerdown', away)
    return () => removeEventListener('pointerdown', away)
  }, [open])
  const entries: [string, () => void, string][] = []
  if (at.duty === 'write') {
    if (primaryOf(at, task) === 'sign') entries.push([t('submit'), () => props.onDialog('submit'), 'do-submit'])
    if (task.priority <= 1 && hasRight('sign_preliminary', task.kind)) entries.push([t('preliminary'), () => props.onDialog('preliminary'), 'do-preliminary'])
    entries.push([t('transfer'), () => props.onDialog('transfer'), 'do-transfer'])
    entries.push([t('release'), () => void perform(task, 'release', {}, at.box), 'do-release'])
  }
  if ((at.duty === 'take' || at.duty === 'write') && mayEscalate(task)) entries.push([t('escalate'), () => props.onDialog('escalate'), 'do-escalate'])
  if (reads(task, account.value?.member.code ?? '') && hasRole('reader', 'reviewer') && mayCorrect(task)) entries.push([t('correct'), () => props.onDialog('correct'), 'do-correct'])
  if (at.report && at.report.version > 1) entries.push([t('versionsTitle'), () => props.onDialog('versions'), 'do-versions'])
  if (at.duty === 'done' && hasRole('reviewer')) entries.push([t('voidAsk'), () => props.onDialog('void'), 'do-void'])
  if (entries.length === 0) return null
  return (
    <div class="menu end" ref={box}>
      <button class="btn" aria-expanded={open} onClick={() => setOpen(!open)} data-testid="more">{t('more')}</button>
      {open && (
        <div class="list" role="menu">
          {entries.map(([word, go, testid]) => (
            <button key={testid} class="btn" role="menuitem" onClick={() => { setOpen(false); go() }} data-testid={testid}>{word}</button>
          ))}
        </div>
      )}
    </div>
  )
}
