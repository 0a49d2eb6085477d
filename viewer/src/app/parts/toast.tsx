import { signal } from '@preact/signals'
import { t } from '../../text/shell'
import { sentence } from './blank'
import { Icon } from './icon'

interface Toast {
  id: number
  look: 'plain' | 'good' | 'bad'
  text: string
}

const shown = signal<readonly Toast[]>([])
let next = 1

/** Good news goes by itself; a fault stays until it is closed. */
const stayMs = { plain: 5000, good: 4000, bad: 0 }

/** Shows a short message at the lower left edge, away from list and report. */
export function toast(text: string, look: Toast['look'] = 'plain'): void {
  const id = next++
  shown.value = [...shown.peek().filter((x) => x.text !== text).slice(-3), { id, look, text }]
  if (stayMs[look] > 0) setTimeout(() => close(id), stayMs[look])
}

/** Shows what went wrong in the hub's words. */
export function toastFault(fault: unknown): void {
  toast(sentence(fault), 'bad')
}

function close(id: number): void {
  shown.value = shown.peek().filter((x) => x.id !== id)
}

/** The modal dialogs that are open. What lies outside the topmost is hidden behind it. */
export const modals = signal<readonly object[]>([])

/**
 * The stack of messages, shown once: in the topmost dialog (named by `modal`)
 * while one is open, else in the shell.
 */
export function Toasts(props: { modal?: object }) {
  if (modals.value.at(-1) !== props.modal) return null
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.value.map((x) => (
        <div class={`toast ${x.look}`} key={x.id} data-testid="toast" data-look={x.look}>
          <span class="grow">{x.text}</span>
          <button type="button" class="btn plain small" aria-label={t('close')} onClick={() => close(x.id)} data-testid="toast-close">
            <Icon name="cross" size={12} />
          </button>
        </div>
      ))}
    </div>
  )
}
