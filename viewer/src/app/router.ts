import { signal } from '@preact/signals'

/** The path of the page shown. */
export const path = signal(location.pathname)

/** Shows another page; replace leaves no step in the history. */
export function navigate(to: string, how: { replace?: boolean } = {}): void {
  if (to === path.peek()) return
  if (how.replace) history.replaceState(null, '', to)
  else history.pushState(null, '', to)
  path.value = location.pathname
}

addEventListener('popstate', () => {
  path.value = location.pathname
})

/** Makes plain links of the own program work without a reload. */
export function followLinks(e: MouseEvent): void {
  if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey) return
  const link = (e.target as Element | null)?.closest?.('a')
  if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return
  if (/^\/(api|dicom-web|healthz|readyz|metrics)\b/.test(link.pathname)) return
  e.preventDefault()
  navigate(link.pathname)
}
