import { useState } from 'preact/hooks'
import { send } from '../../load/admin'
import { account } from '../../load/session'
import { t } from '../../text/admin'
import { t as shell } from '../../text/shell'
import { ClinicPage } from '../clinic/frame'
import { ProblemNote } from '../parts/blank'
import { Field } from '../parts/field'
import { toast } from '../parts/toast'
import '../../style/admin.css'

/**
 * One's own account: password and one-time codes. In the clinic's frame, so
 * that critical values ring here as well.
 */
export default function Me() {
  const who = account.value
  return (
    <ClinicPage testid="me">
      <section class="stack" style={{ maxWidth: '520px' }}>
        <h1>{t('me')}</h1>
        <dl class="facts">
          <dt>{t('login')}</dt><dd>{who?.login}</dd>
          <dt>{t('name')}</dt><dd>{who?.name}</dd>
          <dt>{t('member')}</dt><dd>{who?.member.name}</dd>
          <dt>{t('role')}</dt><dd>{who?.roles.map((r) => shell(`role_${r}`)).join(' / ')}</dd>
        </dl>
        <Password />
        <Totp />
      </section>
    </ClinicPage>
  )
}

function Password() {
  const [old, setOld] = useState('')
  const [fresh, setFresh] = useState('')
  const [fault, setFault] = useState<unknown>(null)
  const go = async (e: Event) => {
    e.preventDefault()
    setFault(null)
    try {
      await send('POST', '/api/v1/session/password', { old, new: fresh })
      toast(t('passwordChanged'), 'good')
      setOld('')
      setFresh('')
    } catch (refusal) {
      setFault(refusal)
    }
  }
  return (
    <form class="panel stack" style={{ padding: '16px' }} onSubmit={(e) => void go(e)}>
      <h2>{t('changePassword')}</h2>
      <Field label={t('oldPassword')}><input class="input" type="password" autocomplete="current-password" value={old} onInput={(e) => setOld(e.currentTarget.value)} data-testid="old-password" /></Field>
      <Field label={t('newPassword')} hint={t('passwordHint')}><input class="input" type="password" autocomplete="new-password" value={fresh} onInput={(e) => setFresh(e.currentTarget.value)} data-testid="new-password" /></Field>
      {fault !== null && <ProblemNote fault={fault} />}
      <div><button type="submit" class="btn primary" disabled={old === '' || fresh === ''} data-testid="password-save">{t('changePassword')}</button></div>
    </form>
  )
}

function Totp() {
  const [enrolment, setEnrolment] = useState<{ secret: string; uri: string; ticket: string } | null>(null)
  const [code, setCode] = useState('')
  const [fault, setFault] = useState<unknown>(null)
  const run = async (step: () => Promise<void>) => {
    setFault(null)
    try {
      await step()
    } catch (refusal) {
      setFault(refusal)
    }
  }
  const confirm = () => run(async () => {
    await send('POST', '/api/v1/session/totp/confirm', { ticket: enrolment?.ticket, totp: code.trim() })
    toast(t('totpDone'), 'good')
    setEnrolment(null)
  })
  return (
    <form class="panel stack" style={{ padding: '16px' }} onSubmit={(e) => { e.preventDefault(); void confirm() }}>
      <h2>{t('totp')}</h2>
      <p class="quiet">{t('totpHelp')}</p>
      {fault !== null && <ProblemNote fault={fault} />}
      {!enrolment ? (
        <div><button type="button" class="btn" onClick={() => void run(async () => setEnrolment(await send('POST', '/api/v1/session/totp', {})))} data-testid="totp-enrol">{t('totpBegin')}</button></div>
      ) : (
        <>
          <Field label={t('totpSecret')} hint={t('totpSecretHint')}><input class="input num" readOnly value={enrolment.secret.replace(/(.{4})/g, '$1 ').trim()} onFocus={(e) => e.currentTarget.select()} data-testid="totp-secret" /></Field>
          <Field label={t('totpCode')}><input class="input num" inputMode="numeric" maxLength={6} value={code} onInput={(e) => setCode(e.currentTarget.value)} data-testid="totp-code" /></Field>
          <div><button type="submit" class="btn primary" disabled={code.trim().length !== 6} data-testid="totp-confirm">{t('confirm')}</button></div>
        </>
      )}
    </form>
  )
}
