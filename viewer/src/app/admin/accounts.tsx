import { useState } from 'preact/hooks'
import { accountPath, type AccountRow, list, type Member, send, type TokenRow } from '../../load/admin'
import { account, hasRole } from '../../load/session'
import { comma } from '../../text/catalogue'
import { t } from '../../text/admin'
import { t as shell } from '../../text/shell'
import { stamp } from '../clock'
import { Dialog } from '../parts/dialog'
import type { Column } from '../parts/table'
import { toast, toastFault } from '../parts/toast'
import { type FieldSpec, FormDialog, SecretDialog, type Values } from './form'
import { nameIn, Register, useList } from './register'

const roles = ['tech', 'clinician', 'reader', 'reviewer', 'expert', 'dispatcher', 'qc', 'admin', 'secadmin', 'auditor', 'regulator'] as const
const rights = ['sign_alone', 'sign_alone:ecg', 'sign_alone:image', 'head', 'duty_desk'] as const
const titles = ['', '231', '232', '233', '234', '235'] as const

type Open = { what: 'add' } | { what: 'edit' | 'tokens' | 'off' | 'reset' | 'unlock' | 'totp'; row: AccountRow }

/** Accounts: the administrator makes and ends them, the security administrator unlocks. */
export default function Accounts() {
  const accounts = useList(() => list<AccountRow>('/api/v1/accounts'))
  const members = useList(() => list<Member>('/api/v1/members'))
  const [open, setOpen] = useState<Open | null>(null)
  const [secret, setSecret] = useState<{ title: string; help: string; secret: string } | null>(null)
  const admin = hasRole('admin')
  const done = (text: string) => {
    toast(text, 'good')
    accounts.reload()
  }
  const close = () => setOpen(null)
  const doIt = async (path: string, body: unknown, text: string) => {
    await send('POST', path, body)
    done(text)
  }
  const reset = async (row: AccountRow) => {
    const made = await send<{ page: string; valid_hours: number }>('POST', accountPath(row.login, '/reset-password'), {})
    setSecret({ title: t('invitation', { name: row.name }), help: t('invitationHelp', { hours: made.valid_hours }), secret: location.origin + made.page })
    accounts.reload()
  }
  return (
    <Register testid="accounts" title={t('accounts')} list={accounts} id={(r) => r.id} none={t('none')} dim={(r) => !r.active} columns={columns(setOpen, admin, members.rows ?? [])}
      actions={admin && <button type="button" class="btn primary" onClick={() => setOpen({ what: 'add' })} data-testid="account-add">{t('accountAdd')}</button>}>
      {open?.what === 'add' && <FormDialog testid="account-form" title={t('accountAdd')} verb={t('add')} fields={fields(members.rows ?? [], false)} start={{ member: account.value?.member.code ?? '' }} onClose={close}
        onSend={async (v) => {
          const row = await send<AccountRow>('POST', '/api/v1/accounts', { ...body(v), member: v['member'], login: v['login'] })
          done(t('added'))
          await reset(row)
        }} />}
      {open?.what === 'edit' && <FormDialog testid="account-form" title={open.row.name} verb={t('save')} fields={fields(members.rows ?? [], true)} start={values(open.row)} onClose={close}
        onSend={async (v) => { await send('PATCH', accountPath(open.row.login), body(v)); done(t('saved')) }} />}
      {open?.what === 'off' && <FormDialog testid="deactivate-dialog" title={t(open.row.active ? 'deactivate' : 'activate')} verb={t(open.row.active ? 'deactivate' : 'activate')} look={open.row.active ? 'danger' : 'primary'} fields={[reasonField()]} onClose={close}
        onSend={(v) => doIt(accountPath(open.row.login, open.row.active ? '/deactivate' : '/activate'), { reason: v['reason'] }, t('saved'))}><p><strong>{open.row.name}</strong> {open.row.login}</p>{open.row.active && <p class="quiet">{t('deactivateHelp')}</p>}</FormDialog>}
      {open?.what === 'unlock' && <FormDialog testid="unlock-dialog" title={t('unlock')} verb={t('unlock')} fields={[reasonField()]} onClose={close}
        onSend={(v) => doIt(accountPath(open.row.login, '/unlock'), { reason: v['reason'] }, t('unlocked'))}><p><strong>{open.row.name}</strong> {open.row.login}</p></FormDialog>}
      {open?.what === 'totp' && <FormDialog testid="totp-dialog" title={t('removeTotp')} verb={t('removeTotp')} look="danger" fields={[reasonField()]} onClose={close}
        onSend={(v) => doIt(accountPath(open.row.login, '/remove-totp'), { reason: v['reason'] }, t('saved'))}><p><strong>{open.row.name}</strong> {open.row.login}</p></FormDialog>}
      {open?.what === 'reset' && <FormDialog testid="reset-dialog" title={t('resetPassword')} verb={t('resetPassword')} look="danger" fields={[]} onClose={close} onSend={() => reset(open.row)}>
        <p><strong>{open.row.name}</strong> {open.row.login}</p><p class="quiet">{t('resetHelp')}</p></FormDialog>}
      {open?.what === 'tokens' && <TokensDialog row={open.row} onClose={close} />}
      {secret && <SecretDialog {...secret} onClose={() => setSecret(null)} />}
    </Register>
  )
}

function reasonField(): FieldSpec {
  return { key: 'reason', label: t('reason'), required: true }
}

function columns(open: (o: Open) => void, admin: boolean, members: readonly Member[]): Column<AccountRow>[] {
  const button = (what: Exclude<Open['what'], 'add'>, row: AccountRow, word: string) => <button type="button" class="btn small" onClick={() => open({ what, row })} data-testid={`account-${what}`}>{word}</button>
  return [
    { key: 'login', head: t('login'), width: '112px', cell: (r) => r.login },
    { key: 'name', head: t('name'), width: '96px', cell: (r) => r.name },
    { key: 'member', head: t('member'), width: '168px', cell: (r) => nameIn(members, r.member), title: (r) => r.member },
    { key: 'role', head: t('role'), width: '150px', cell: (r) => shell(`role_${r.role}`) },
    { key: 'rights', head: t('rights'), cell: (r) => r.rights.map(rightWord).join(comma.value), title: (r) => r.rights.map(rightWord).join(comma.value) },
    { key: 'state', head: t('state'), width: '116px', cell: (r) => stateWord(r) },
    { key: 'act', head: '', width: admin ? '336px' : '270px', right: true, cell: (r) => (
      <span class="line">
        {admin ? <>{button('edit', r, t('edit'))}{button('tokens', r, t('tokens'))}{button('off', r, t(r.active ? 'deactivate' : 'activate'))}</> : <>{r.locked && button('unlock', r, t('unlock'))}{r.has_totp && button('totp', r, t('removeTotp'))}</>}
        {button('reset', r, t('resetPassword'))}
      </span>
    ) },
  ]
}

function rightWord(right: string): string {
  if (right === 'sign_preliminary') return t('right_sign_preliminary')
  const known = rights.find((r) => r === right)
  return known ? t(`right_${known.replace(':', '_') as 'head'}`) : right
}

function stateWord(r: AccountRow) {
  if (!r.active) return <span class="mark quiet">{t('inactive')}</span>
  if (r.locked) return <span class="mark bad">{t('locked')}</span>
  if (!r.has_password) return <span class="mark warn">{t('invited')}</span>
  return <span class="mark good">{t(r.has_totp ? 'activeTotp' : 'active')}</span>
}

function fields(members: readonly Member[], edit: boolean): FieldSpec[] {
  return [
    ...(edit ? [] : [
      { key: 'member', label: t('member'), kind: 'select' as const, options: members.map((m) => [m.code, `${m.code} ${m.name}`] as const), required: true },
      { key: 'login', label: t('login'), required: true, hint: t('loginHint') },
    ]),
    { key: 'name', label: t('name'), required: true },
    { key: 'role', label: t('role'), kind: 'select', options: roles.map((r) => [r, shell(`role_${r}`)] as const) },
    ...rights.map((r): FieldSpec => ({ key: `right:${r}`, label: t(`right_${r.replace(':', '_') as 'head'}`), kind: 'check' })),
    { key: 'title', label: t('title'), kind: 'select', options: titles.map((x) => [x, x ? t(`title_${x}`) : '—'] as const) },
    { key: 'certificate', label: t('certificate') },
    { key: 'phone', label: t('phone') },
    { key: 'auto_submit', label: t('autoSubmit'), kind: 'check' },
  ]
}

function values(r: AccountRow): Values {
  const v: Values = { name: r.name, role: r.role, title: r.title, certificate: r.certificate, phone: r.phone, auto_submit: r.auto_submit, kept: r.rights.filter((x) => !rights.some((k) => k === x)).join(',') }
  for (const x of rights) v[`right:${x}`] = r.rights.includes(x)
  return v
}

function body(v: Values): Record<string, unknown> {
  const kept = String(v['kept'] ?? '').split(',').filter(Boolean)
  return {
    name: v['name'], role: v['role'], title: v['title'], certificate: v['certificate'], phone: v['phone'], auto_submit: v['auto_submit'] === true,
    rights: [...kept, ...rights.filter((r) => v[`right:${r}`] === true)],
  }
}

/** Tokens of an account: for machines; the secret is shown once. */
function TokensDialog(props: { row: AccountRow; onClose(): void }) {
  const tokens = useList(() => list<TokenRow>(accountPath(props.row.login, '/tokens')))
  const [making, setMaking] = useState(false)
  const [secret, setSecret] = useState('')
  const revoke = async (id: string) => {
    try {
      await send('DELETE', accountPath(props.row.login, `/tokens/${encodeURIComponent(id)}`))
      tokens.reload()
    } catch (refusal) {
      toastFault(refusal)
    }
  }
  if (secret) return <SecretDialog title={t('tokenMade')} help={t('tokenHelp')} secret={secret} onClose={() => { setSecret(''); tokens.reload() }} />
  if (making) {
    return (
      <FormDialog testid="token-form" title={t('tokenAdd')} verb={t('add')} onClose={() => setMaking(false)} fields={[{ key: 'name', label: t('tokenName'), required: true }, { key: 'days', label: t('tokenDays'), kind: 'number', hint: t('tokenDaysHint') }]}
        onSend={async (v) => setSecret((await send<{ token: string }>('POST', accountPath(props.row.login, '/tokens'), { name: v['name'], days: Number(v['days']) || 0 })).token)} />
    )
  }
  return (
    <Dialog title={t('tokensOf', { name: props.row.name })} verb={t('tokenAdd')} onDo={() => setMaking(true)} onClose={props.onClose} wide testid="tokens-dialog">
      {tokens.rows?.length === 0 && <p class="quiet">{t('none')}</p>}
      {tokens.rows?.map((k) => (
        <div class="line" key={k.id} data-testid="token-row">
          <strong class="grow">{k.name}</strong><span class="quiet num">{stamp(k.created_at)} · {k.expires_at ? stamp(k.expires_at) : t('forever')}</span>
          <button type="button" class="btn small danger" onClick={() => void revoke(k.id)} data-testid="token-revoke">{t('revoke')}</button>
        </div>
      ))}
    </Dialog>
  )
}
