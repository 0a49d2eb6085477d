import { signal } from '@preact/signals'
import type { CriticalView } from '../../load/clinic'
import { hasRole } from '../../load/session'
import { t } from '../../text/clinic'
import { ago, left, now } from '../clock'
import { finding } from '../parts/finding'
import { Icon } from '../parts/icon'
import { PatientLine } from '../parts/marks'
import { HandleDialog, ReceiveDialog } from './criticaldialogs'
import { silent, wake } from './sound'
import { criticals, unreceived } from './store'

/** The critical value whose dialog is open, and which dialog. */
export const asking = signal<{ id: string; what: 'receive' | 'handle' } | null>(null)

/** Stands on every page of the clinic until somebody has read the finding back. */
export function CriticalBar() {
  const list = unreceived.value
  const open = asking.value
  const about = open ? criticals.value.get(open.id) : undefined
  return (
    <>
      {list.map((c) => <Row key={c.id} value={c} />)}
      {about && open?.what === 'receive' && <ReceiveDialog value={about} onClose={() => (asking.value = null)} />}
      {about && open?.what === 'handle' && <HandleDialog value={about} onClose={() => (asking.value = null)} />}
    </>
  )
}

function Row(props: { value: CriticalView }) {
  const c = props.value
  const l = left(c.limits?.receive, now.value)
  return (
    <div class="critbar" role="alert" data-testid="critical-bar" data-id={c.id}>
      <Icon name="warn" size={20} />
      <strong class="word">{t('criticalUnreceived')}</strong>
      {c.patient && <strong><PatientLine patient={c.patient} /></strong>}
      <span class="grow what">{c.exam} · {finding(c)}</span>
      <span class="num">{ago(c.found_at, now.value)}{l.level !== 'none' && ` · ${l.text}`}</span>
      {silent.value && <button type="button" class="btn small" onClick={wake} data-testid="sound-on">{t('soundOn')}</button>}
      <button type="button" class="btn" onClick={() => (asking.value = { id: c.id, what: 'receive' })} data-testid="critical-receive">{t('receive')}</button>
    </div>
  )
}

/** Whether this account records the handling: a clinician does. */
export function mayHandle(): boolean {
  return hasRole('clinician')
}
