import type { ComponentType } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { live } from '../load/live'
import { account, logout } from '../load/session'
import { language, speak } from '../text/catalogue'
import { t } from '../text/shell'
import { KeyHelp } from './keyhelp'
import { helpOpen } from './keys'
import { Blank, ProblemNote, Skeleton } from './parts/blank'
import { Icon } from './parts/icon'
import { Toasts } from './parts/toast'
import { allowed, findRoute, home, type PageProps, type Route } from './route'
import { navigate, path } from './router'
import { routes } from './routes'
import { switchTheme, theme } from './theme'

/** The frame of every page for somebody who is logged in. */
export function Shell() {
  useEffect(() => {
    live.start()
    const hurry = () => live.hurry()
    addEventListener('online', hurry)
    return () => {
      removeEventListener('online', hurry)
      live.stop()
    }
  }, [])
  return (
    <>
      <Header />
      <OfflineBanner />
      <Body />
      <Toasts />
      {helpOpen.value && <KeyHelp onClose={() => (helpOpen.value = false)} />}
    </>
  )
}

function Header() {
  const who = account.value
  if (!who) return null
  const entries = allowed(routes, who.roles).filter((r) => r.nav)
  entries.sort((a, b) => a.nav!.at - b.nav!.at)
  return (
    <header class="bar">
      <a class="brand" href="/" title={t('productLong')}>
        <Icon name="pulse" size={18} />
        {t('product')}
      </a>
      <nav data-testid="nav">{entries.map((r) => <NavLink key={r.pattern} route={r} />)}</nav>
      <div class="who end">
        <span class="clip quiet" title={who.member.name} data-testid="who">
          {who.member.name} · {who.name} · {who.roles.map((r) => t(`role_${r}`)).join(' / ')}
        </span>
        <Switches />
        <button class="btn plain small" onClick={() => void logout().catch(() => {})} data-testid="logout">{t('logout')}</button>
      </div>
    </header>
  )
}

function NavLink(props: { route: Route }) {
  const { pattern, nav } = props.route
  const count = nav?.count?.() ?? 0
  const link = useRef<HTMLAnchorElement>(null)
  const here = path.value === pattern
  // On a phone the links scroll: the one in force is seen.
  useEffect(() => { if (here) link.current?.scrollIntoView({ block: 'nearest', inline: 'center' }) }, [here])
  return (
    <a ref={link} href={pattern} aria-current={here ? 'page' : undefined} data-testid={`nav-${pattern.slice(1).replace(/\//g, '-') || 'home'}`}>
      {nav?.label()}
      {count > 0 && <span class="quiet">&nbsp;{count}</span>}
    </a>
  )
}

/** Theme, language and keyboard help; also on the login page. */
export function Switches() {
  const dark = theme.value === 'dark'
  return (
    <>
      <button type="button" class="btn plain small" onClick={switchTheme} title={t('switchTheme')} aria-label={t('switchTheme')} data-testid="switch-theme">
        <Icon name={dark ? 'sun' : 'moon'} />
      </button>
      <button type="button" class="btn plain small" onClick={() => speak(language.value === 'en' ? 'zh-CN' : 'en')} data-testid="switch-language">
        {t('switchLanguage')}
      </button>
      {account.value && (
        <button type="button" class="btn plain small" onClick={() => (helpOpen.value = true)} title={`${t('keyHelp')} (?)`} aria-label={t('keyHelp')} data-testid="key-help">
          <Icon name="key" />
        </button>
      )}
    </>
  )
}

function OfflineBanner() {
  if (live.line.value !== 'lost') return null
  return (
    <div class="banner warn" role="status" data-testid="offline">
      <Icon name="warn" />
      {t('offline')}
    </div>
  )
}

function Body() {
  const who = account.value!
  const start = home(routes, who.roles)
  const at = path.value
  useEffect(() => {
    if ((at === '/' || at === '/login') && start && start !== at) navigate(start, { replace: true })
  }, [at, start])
  if (at === '/' && !start) return <Page><Blank title={t('noPages')} testid="no-pages" /></Page>
  if (at === '/' || at === '/login') return <Page><Skeleton /></Page>
  const found = findRoute(routes, at)
  if (!found) {
    return <Page><Blank title={t('notFound')} testid="not-found"><p>{t('notFoundHelp')}</p></Blank></Page>
  }
  if (!found.route.roles.some((r) => who.roles.includes(r))) {
    const role = who.roles.map((r) => t(`role_${r}`)).join(' / ')
    return <Page><Blank title={t('forbidden')} testid="forbidden"><p>{t('forbiddenHelp', { role })}</p></Blank></Page>
  }
  return <Loaded key={found.route.pattern} route={found.route} params={found.params} />
}

function Page(props: { children: preact.ComponentChildren }) {
  return <main class="page"><div class="inner">{props.children}</div></main>
}

/** Shows a page whose chunk may still be on its way. */
function Loaded(props: { route: Route; params: Record<string, string> }) {
  const [Found, setFound] = useState<{ page: ComponentType<PageProps> } | null>(null)
  const [fault, setFault] = useState<unknown>(null)
  const load = useMemo(() => () => {
    setFault(null)
    props.route.load().then((m) => setFound({ page: m.default }), setFault)
  }, [props.route])
  useEffect(load, [load])
  if (fault) return <Page><ProblemNote fault={fault} onRetry={load} /></Page>
  if (!Found) return <Page><Skeleton /></Page>
  const page = <Found.page params={props.params} />
  return props.route.full ? <main class="page">{page}</main> : <Page>{page}</Page>
}
