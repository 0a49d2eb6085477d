import { t } from '../text/shell'
import { groups } from './keys'
import { Dialog } from './parts/dialog'

/** The keys in force on the page shown. */
export function KeyHelp(props: { onClose(): void }) {
  const global = { title: t('keysGlobal'), keys: [{ on: '?', says: t('keyHelp') }] }
  const all = [...groups.value.map((g) => g.current), global]
  return (
    <Dialog title={t('keys')} verb={t('close')} onDo={props.onClose} onClose={props.onClose} wide only testid="key-help-dialog">
      <div class="keys">
        {all.map((g) => (
          <>
            <h3 key={g.title}>{g.title}</h3>
            {g.keys.map((k) => ('hidden' in k && k.hidden ? null : (
              <div key={k.on}>
                <span>{k.says}</span>
                <kbd>{shown(k.on)}</kbd>
              </div>
            )))}
          </>
        ))}
      </div>
    </Dialog>
  )
}

/** Key names as they stand on a keyboard. */
export function shown(on: string): string {
  return on
    .split('+')
    .map((p) => ({ Escape: 'Esc', ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', ' ': 'Space' })[p] ?? (p.length === 1 ? p.toUpperCase() : p))
    .join('+')
}
