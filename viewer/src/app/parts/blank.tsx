import type { ComponentChildren } from 'preact'
import { asProblem } from '../../load/problem'
import { t } from '../../text/shell'
import { Icon } from './icon'

/** The sentence of anything that went wrong: the hub's own, or one of ours. */
export function sentence(fault: unknown): string {
  const p = asProblem(fault)
  if (p.detail) return p.detail
  if (p.status === 0) return t('networkDown')
  if (p.status === 429) return t('slowDown')
  return t('unexpected', { status: p.status })
}

/** What went wrong, what was kept, what to do. */
export function ProblemNote(props: { fault: unknown; onRetry?: () => void }) {
  return (
    <div class="problem" role="alert" data-testid="problem">
      <Icon name="warn" />
      <span class="grow">{sentence(props.fault)}</span>
      {props.onRetry && (
        <button type="button" class="btn small" onClick={props.onRetry} data-testid="retry">
          {t('retry')}
        </button>
      )}
    </div>
  )
}

/** A page or list without content: says what that means and what to do. */
export function Blank(props: { title: string; children?: ComponentChildren; testid?: string }) {
  return (
    <div class="blank" data-testid={props.testid ?? 'blank'}>
      <strong>{props.title}</strong>
      {props.children}
    </div>
  )
}

/** Grey lines where text will be; never a spinner over content. */
export function Skeleton(props: { lines?: number }) {
  const lines = Array.from({ length: props.lines ?? 6 }, (_, i) => i)
  return (
    <div class="stack" style={{ padding: '16px' }} aria-busy="true" aria-label={t('loading')} data-testid="skeleton">
      {lines.map((i) => (
        <div class="bone" key={i} style={{ width: `${92 - ((i * 17) % 40)}%` }} />
      ))}
    </div>
  )
}
