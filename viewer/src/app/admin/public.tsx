import { useState } from 'preact/hooks'
import { send } from '../../load/admin'
import { t } from '../../text/admin'
import { t as shell } from '../../text/shell'
import { Blank, ProblemNote } from '../parts/blank'
import { Field } from '../parts/field'
import { Icon } from '../parts/icon'
import { navigate, path } from '../router'
import { Switches } from '../shell'
import '../../style/admin.css'

// The secret stands behind "#", so that no server or proxy log ever has it.
const secretOf = () => decodeURIComponent(location.hash.slice(1))

/** Pages of one-time links: the first administrator, and a new password. */
export default function Public() {
  const setup = path.value === '/setup'
  const [secret] = useState(secretOf)
  const [v, setV] = useState({ member_code: 'LEAD', member_name: '', login: '', name: '', password: '' })
  const [again, setAgain] = useState('')
  const [fault, setFault] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const [done, setDone] = useState(false)
  const go = async (e: Event) => {
    e.preventDefault()
    setBusy(true)
    setFault(null)
    try {
      if (setup) await send('POST', '/api/v1/setup', { secret, ...v })
      else await send('POST', '/api/v1/password', { secret, password: v.password })
      history.replaceState(null, '', path.value)
      setDone(true)
    } catch (refusal) {
      setFault(refusal)
    }
    setBusy(false)
  }
  const text = (key: keyof typeof v, label: string, hint?: string, type: 'text' | 'password' = 'text') => (
    <Field label={label} {...(hint ? { hint } : {})}>
      <input class="input" type={type as 'text'} required autocomplete={type === 'password' ? 'new-password' : 'off'} value={v[key]} onInput={(e) => setV({ ...v, [key]: e.currentTarget.value })} data-testid={`public-${key}`} />
    </Field>
  )
  const differs = again !== '' && again !== v.password
  return (
    <main class="public">
      <form class="panel" onSubmit={(e) => void go(e)} data-testid={setup ? 'setup' : 'new-password-page'}>
        <h1 class="line"><Icon name="pulse" size={24} />{t(setup ? 'setupTitle' : 'passwordTitle')}</h1>
        {done ? (
          <Blank title={t(setup ? 'setupDone' : 'passwordChanged')}><button type="button" class="btn primary big" onClick={() => navigate('/', { replace: true })} data-testid="to-login">{shell('login')}</button></Blank>
        ) : secret === '' ? <Blank title={t('linkIncomplete')}><p>{t('linkHelp')}</p></Blank> : (
          <>
            <p class="quiet">{t(setup ? 'setupHelp' : 'passwordHelp')}</p>
            {setup && <>{text('member_name', t('leadName'))}{text('member_code', t('code'), t('codeHint'))}{text('login', t('login'), t('loginHint'))}{text('name', t('name'))}</>}
            {text('password', t('newPassword'), t('passwordHint'), 'password')}
            <Field label={t('passwordAgain')} {...(differs ? { fault: t('passwordDiffers') } : {})}>
              <input class="input" type="password" required autocomplete="new-password" value={again} onInput={(e) => setAgain(e.currentTarget.value)} data-testid="public-again" />
            </Field>
            {fault !== null && <ProblemNote fault={fault} />}
            <button type="submit" class="btn primary big" disabled={busy || v.password === '' || again !== v.password} data-testid="public-send">{t(setup ? 'setupSend' : 'passwordSend')}</button>
          </>
        )}
        <div class="line"><Switches /></div>
      </form>
    </main>
  )
}
