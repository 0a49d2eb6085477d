import { useState } from 'preact/hooks'
import { type AccountRow, type DutyRow, list, type Reader, send } from '../../load/admin'
import { hasRole } from '../../load/session'
import { t } from '../../text/admin'
import { t as shell } from '../../text/shell'
import { w } from '../../text/words'
import { stamp } from '../clock'
import { toast, toastFault } from '../parts/toast'
import { FormDialog } from './form'
import { Register, useList, useMemberNames } from './register'

const kinds = ['', 'image', 'ecg', 'holter', 'consultation'] as const

/** Local time as an input writes it, in Shanghai, as RFC 3339. */
function moment(text: string | boolean | undefined): string | undefined {
  return typeof text === 'string' && /^\d{4}-\d\d-\d\d \d\d:\d\d$/.test(text.trim()) ? new Date(`${text.trim().replace(' ', 'T')}:00+08:00`).toISOString() : undefined
}

/** Who is on duty for what; who is not cannot claim. */
export default function Roster() {
  const roster = useList(() => list<DutyRow>('/api/v1/roster'))
  // A dispatcher sees the readers of the centre, an administrator all accounts.
  const people = useList<{ login: string; name: string }>(async () => (hasRole('dispatcher')
    ? await list<Reader>('/api/v1/readers')
    : (await list<AccountRow>('/api/v1/accounts')).filter((a) => a.active && ['reader', 'reviewer', 'expert'].includes(a.role))))
  const [adding, setAdding] = useState(false)
  const named = useMemberNames()
  const end = async (d: DutyRow) => {
    try {
      await send('DELETE', `/api/v1/roster?${new URLSearchParams({ account: d.account, kind: d.kind, from: d.from })}`)
      roster.reload()
    } catch (refusal) {
      toastFault(refusal)
    }
  }
  const kindWord = (k: string) => (k === 'image' || k === 'ecg' || k === 'holter' || k === 'consultation' ? w(`kind_${k}`) : t('allKinds'))
  return (
    <Register testid="roster" title={t('roster')} help={t('rosterHelp')} list={roster} id={(d) => `${d.account}|${d.kind}|${d.from}`} none={t('rosterNone')}
      actions={<button type="button" class="btn primary" onClick={() => setAdding(true)} data-testid="duty-add">{t('dutyAdd')}</button>}
      columns={[
        { key: 'name', head: t('name'), width: '160px', cell: (d) => `${d.name}（${d.account}）` },
        { key: 'role', head: t('role'), width: '120px', cell: (d) => shell(`role_${d.role}`) },
        { key: 'member', head: t('member'), width: '180px', cell: (d) => named(d.member), title: (d) => d.member },
        { key: 'kind', head: t('kinds'), cell: (d) => kindWord(d.kind) },
        { key: 'from', head: t('from'), width: '150px', cell: (d) => <span class="num">{stamp(d.from)}</span> },
        { key: 'to', head: t('to'), width: '150px', cell: (d) => <span class="num">{stamp(d.to) || t('openEnd')}</span> },
        { key: 'act', head: '', width: '80px', right: true, cell: (d) => <button type="button" class="btn small" onClick={() => void end(d)} data-testid="duty-end">{t('remove')}</button> },
      ]}>
      {adding && <FormDialog testid="duty-form" title={t('dutyAdd')} verb={t('add')} onClose={() => setAdding(false)} start={{ account: people.rows?.[0]?.login ?? '' }}
        fields={[
          { key: 'account', label: t('name'), kind: 'select', options: (people.rows ?? []).map((p) => [p.login, `${p.name}（${p.login}）`] as const), required: true },
          { key: 'kind', label: t('kinds'), kind: 'select', options: kinds.map((k) => [k, kindWord(k)] as const) },
          { key: 'from', label: t('from'), hint: t('momentHint') },
          { key: 'to', label: t('to'), hint: t('momentEndHint') },
        ]}
        onSend={async (v) => {
          await send('POST', '/api/v1/roster', { account: v['account'], kind: v['kind'], from: moment(v['from']), to: moment(v['to']) })
          toast(t('saved'), 'good')
          roster.reload()
        }} />}
    </Register>
  )
}
