import { useState } from 'preact/hooks'
import { type AgreementRow, list, type Member, send } from '../../load/admin'
import type { Kind } from '../../load/types'
import { comma } from '../../text/catalogue'
import { t } from '../../text/admin'
import { w } from '../../text/words'
import { stamp } from '../clock'
import { toast } from '../parts/toast'
import { dayStart, type FieldSpec, FormDialog } from './form'
import { nameIn, Register, useList } from './register'

const kinds: readonly Kind[] = ['image', 'ecg', 'holter', 'consultation']

/** Which institution's exams are read where. */
export default function Agreements() {
  const agreements = useList(() => list<AgreementRow>('/api/v1/agreements'))
  const members = useList(() => list<Member>('/api/v1/members'))
  const [adding, setAdding] = useState(false)
  const [ending, setEnding] = useState<AgreementRow | null>(null)
  const named = (code: string) => nameIn(members.rows ?? [], code)
  const options = (members.rows ?? []).map((m) => [m.code, `${m.code} ${m.name}`] as const)
  const fields: FieldSpec[] = [
    { key: 'source', label: t('source'), kind: 'select', options, required: true },
    { key: 'centre', label: t('centre'), kind: 'select', options, required: true },
    ...kinds.map((k): FieldSpec => ({ key: k, label: w(`kind_${k}`), kind: 'check' })),
    { key: 'from', label: t('from'), kind: 'date', hint: t('fromHint') },
    { key: 'to', label: t('to'), kind: 'date', hint: t('toHint') },
    { key: 'fallback', label: t('fallback'), kind: 'check' },
  ]
  return (
    <Register testid="agreements" title={t('agreements')} help={t('agreementsHelp')} list={agreements} id={(a) => a.id} none={t('none')}
      actions={<button type="button" class="btn primary" onClick={() => setAdding(true)} data-testid="agreement-add">{t('agreementAdd')}</button>}
      columns={[
        { key: 'source', head: t('source'), width: '200px', cell: (a) => named(a.source), title: (a) => a.source },
        { key: 'centre', head: t('centre'), width: '200px', cell: (a) => named(a.centre), title: (a) => a.centre },
        { key: 'kinds', head: t('kinds'), cell: (a) => (a.kinds.length === 0 ? t('allKinds') : a.kinds.map((k) => w(`kind_${k}`)).join(comma.value)) },
        { key: 'from', head: t('from'), width: '130px', cell: (a) => <span class="num">{stamp(a.from).slice(0, 10)}</span> },
        { key: 'to', head: t('to'), width: '130px', cell: (a) => <span class="num">{stamp(a.to).slice(0, 10) || t('openEnd')}</span> },
        { key: 'fallback', head: t('fallbackShort'), width: '90px', cell: (a) => t(a.fallback ? 'yes' : 'no') },
        { key: 'act', head: '', width: '90px', right: true, cell: (a) => <button type="button" class="btn small" onClick={() => setEnding(a)} data-testid="agreement-end">{t('end')}</button> },
      ]}>
      {adding && <FormDialog testid="agreement-form" title={t('agreementAdd')} verb={t('add')} fields={fields} start={{ source: options[0]?.[0] ?? '', centre: options[0]?.[0] ?? '' }} onClose={() => setAdding(false)}
        onSend={async (v) => {
          await send('POST', '/api/v1/agreements', { source: v['source'], centre: v['centre'], kinds: kinds.filter((k) => v[k] === true), from: dayStart(v['from']), to: dayStart(v['to']), fallback: v['fallback'] === true })
          toast(t('saved'), 'good')
          agreements.reload()
        }} />}
      {ending && <FormDialog testid="agreement-end-dialog" title={t('end')} verb={t('end')} look="danger" fields={[{ key: 'reason', label: t('reason'), required: true }]} onClose={() => setEnding(null)}
        onSend={async (v) => {
          await send('POST', `/api/v1/agreements/${encodeURIComponent(ending.id)}/end`, { reason: v['reason'] })
          agreements.reload()
        }}><p>{named(ending.source)} → {named(ending.centre)}</p></FormDialog>}
    </Register>
  )
}
