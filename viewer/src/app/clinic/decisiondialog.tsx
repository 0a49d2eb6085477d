import { useState } from 'preact/hooks'
import type { Candidate, Decision } from '../../load/clinic'
import { hasRole } from '../../load/session'
import { t } from '../../text/order'
import { Dialog } from '../parts/dialog'
import { Choice, Field } from '../parts/field'
import { CandidateLine } from './candidates'

const reasons = ['1', '2', '3', '4', '5', '6a', '6b', '6c', '6d', '6e'] as const

/**
 * Recognise or not, for each result; not recognising needs one of the legal
 * reasons and that the patient was told (互认管理办法).
 */
export function DecisionDialog(props: { candidates: readonly Candidate[]; item: string; onDecided(list: Decision[]): void; onClose(): void }) {
  const [made, setMade] = useState<Record<string, Decision>>({})
  const of = (c: Candidate): Decision | undefined => made[c.report]
  const set = (c: Candidate, patch: Partial<Decision>) => {
    setMade((m) => ({ ...m, [c.report]: { ...(m[c.report] ?? { candidate: c.report, decision: 'decline', reason: '', explained: false, text: '' }), ...patch } }))
  }
  const list = props.candidates.map(of)
  const whole = list.every((d) => d && (d.decision === 'recognise' || (d.reason !== '' && d.explained && (d.reason !== '6e' || d.text.trim() !== ''))))
  const recognised = list.length > 0 && list.every((d) => d?.decision === 'recognise')
  return (
    <Dialog title={t('decisionTitle', { item: props.item })} verb={recognised ? t('recogniseNoOrder') : t('orderNow')} onDo={() => props.onDecided(list as Decision[])} onClose={props.onClose}
      blocked={!whole} wide testid="decision-dialog">
      <p class="quiet">{t(hasRole('clinician') ? 'decisionHelp' : 'decisionHelpTech')}</p>
      {props.candidates.map((c) => {
        const d = of(c)
        return (
          <div class="decision" key={c.report}>
            <CandidateLine value={c} />
            <Choice testid="decision" label={t('decision')} value={d?.decision ?? ''} onChange={(v) => set(c, { decision: v })} options={hasRole('clinician') ? [['recognise', t('recognise')], ['decline', t('decline')]] : [['decline', t('decline')]]} />
            {d?.decision === 'decline' && (
              <>
                <Field label={t('declineReason')}>
                  <select class="input" value={d.reason} onChange={(e) => set(c, { reason: e.currentTarget.value })} data-testid="decline-reason">
                    <option value="">{t('choose')}</option>
                    {reasons.map((r) => <option key={r} value={r}>{t(`reason_${r}`)}</option>)}
                  </select>
                </Field>
                {d.reason === '6e' && (
                  <Field label={t('declineText')}>
                    <input class="input" value={d.text} onInput={(e) => set(c, { text: e.currentTarget.value })} data-testid="decline-text" />
                  </Field>
                )}
                <label class="check"><input type="checkbox" checked={d.explained} onChange={(e) => set(c, { explained: e.currentTarget.checked })} data-testid="decline-explained" />{t('explained')}</label>
              </>
            )}
          </div>
        )
      })}
    </Dialog>
  )
}
