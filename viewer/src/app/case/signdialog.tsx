import { useState } from 'preact/hooks'
import type { Task } from '../../load/types'
import { t } from '../../text/case'
import { Dialog } from '../parts/dialog'
import { Icon } from '../parts/icon'
import { PatientLine } from '../parts/marks'
import { examName } from '../worklist/columns'
import { perform } from './actions'
import { type Doubt, doubts } from './checks'
import type { DraftBox } from './draft'
import { gradeWord } from './editor'

export type SignKind = 'submit' | 'sign' | 'approve' | 'preliminary'

/** A doubt as a sentence. */
export function doubtText(d: Doubt): string {
  return t(`doubt_${d.code}`, { word: d.word ?? '' })
}

/** Confirms by content: whose report, which exam, which side, what it says, who is told. */
export function SignDialog(props: { kind: SignKind; task: Task; box: DraftBox; onClose(): void }) {
  const { kind, task, box, onClose } = props
  const [busy, setBusy] = useState(false)
  const d = box.draft.value
  const found = doubts(d, task)
  const blocked = busy || found.some((x) => x.blocks)
  const titles = { submit: t('doubtTitle'), sign: t('signTitle'), approve: t('approveTitle'), preliminary: t('preliminaryTitle') }
  const side = task.laterality === 'L' || task.laterality === 'R' || task.laterality === 'B' ? t(`side_${task.laterality}`) : task.laterality
  const go = async () => {
    setBusy(true)
    if (await perform(task, kind, {}, box)) onClose()
    setBusy(false)
  }
  return (
    <Dialog title={titles[kind]} verb={t(kind)} onDo={() => void go()} onClose={onClose} blocked={blocked} wide testid="sign-dialog">
      {found.map((x) => (
        <div key={x.code} class={`mark ${x.blocks ? 'bad' : 'warn'}`} style={{ whiteSpace: 'normal' }} data-testid={`doubt-${x.code}`}>
          <Icon name={x.blocks ? 'stop' : 'warn'} size={12} />{doubtText(x)}
        </div>
      ))}
      <dl class="facts">
        <dt>{t('signPatient')}</dt>
        <dd><strong><PatientLine patient={task.patient} /></strong></dd>
        <dt>{t('signExam')}</dt>
        <dd>{examName(task)}</dd>
        {side && <><dt>{t('signSide')}</dt><dd><strong>{side}</strong></dd></>}
        <dt>{t('impression')}</dt>
        <dd data-testid="sign-impression"><strong>{d.impression}</strong></dd>
        {d.recommendation && <><dt>{t('recommendation')}</dt><dd>{d.recommendation}</dd></>}
        <dt>{t('signFlags')}</dt>
        <dd>{[d.positive ? t('positive') : t('negative'), d.critical ? t('flagCritical') : t('flagNotCritical'), gradeWord(d.grade)].filter(Boolean).join(' · ')}</dd>
        {kind !== 'submit' && <><dt>{t('signTold')}</dt><dd>{t('signToldWho', { member: task.member_name || task.member })}</dd></>}
      </dl>
      {kind === 'preliminary' && <p class="quiet">{t('preliminaryHint')}</p>}
    </Dialog>
  )
}
