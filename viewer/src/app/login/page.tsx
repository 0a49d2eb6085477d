import { useState } from 'preact/hooks'
import { endedBy, login } from '../../load/session'
import { t } from '../../text/shell'
import { ProblemNote } from '../parts/blank'
import { Field } from '../parts/field'
import { Icon } from '../parts/icon'
import { Switches } from '../shell'

/** The login page: account, password and, where switched on, a code. */
export function Login() {
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [totp, setTotp] = useState('')
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<unknown>(null)
  const submit = async (e: Event) => {
    e.preventDefault()
    if (busy) return
    setBusy(true)
    setFault(null)
    try {
      await login(name.trim(), password, totp.trim())
    } catch (refusal) {
      setFault(refusal)
      setBusy(false)
    }
  }
  const ended = endedBy.value
  return (
    <div class="login">
      <form class="panel" onSubmit={submit} data-testid="login-form">
        <h1><Icon name="pulse" size={24} />{t('productLong')}</h1>
        {ended !== '' && !fault && (
          <p class="quiet" role="status" data-testid="login-ended">{t(ended === 'idle' ? 'idleLogout' : 'loginAgain')}</p>
        )}
        {fault !== null && <ProblemNote fault={fault} />}
        <Field label={t('account')}>
          <input class="input" name="username" autocomplete="username" autofocus required value={name}
            onInput={(e) => setName(e.currentTarget.value)} data-testid="login-account" />
        </Field>
        <Field label={t('password')}>
          <input class="input" name="password" type="password" autocomplete="current-password" required value={password}
            onInput={(e) => setPassword(e.currentTarget.value)} data-testid="login-password" />
        </Field>
        <Field label={t('totp')} hint={t('totpHint')}>
          <input class="input num" name="totp" inputMode="numeric" autocomplete="one-time-code" maxLength={6} value={totp}
            onInput={(e) => setTotp(e.currentTarget.value)} data-testid="login-totp" />
        </Field>
        <button class="btn primary big" type="submit" disabled={busy || name === '' || password === ''} data-testid="login-submit">
          {busy ? t('loggingIn') : t('login')}
        </button>
        <div class="foot"><Switches /></div>
      </form>
    </div>
  )
}
