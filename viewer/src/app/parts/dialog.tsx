import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { t } from '../../text/shell'
import { Icon } from './icon'
import { modals, Toasts } from './toast'

export interface DialogProps {
  title: string
  children: ComponentChildren
  /** The verb of the button that does it. */
  verb: string
  onDo(): void
  onClose(): void
  /** While waiting for the hub, or while something is missing. */
  blocked?: boolean
  look?: 'primary' | 'danger' | 'critical'
  wide?: boolean
  testid: string
  /** Nothing to decide: the verb alone closes it. */
  only?: boolean
  /** Buttons to the left of cancel. */
  more?: ComponentChildren
}

/**
 * A modal dialog that confirms by content. Escape closes, Ctrl+Enter does it,
 * the focus goes to the element marked autofocus, else to the first field.
 */
export function Dialog(props: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const box = ref.current
    const before = document.activeElement
    if (box && !box.open) box.showModal()
    modals.value = [...modals.peek(), ref]
    // Without a field to fill in, Enter confirms what is shown.
    if (box && !box.querySelector('[autofocus]')) box.querySelector<HTMLElement>('footer [type=submit]:enabled')?.focus()
    return () => {
      modals.value = modals.peek().filter((x) => x !== ref)
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  const act = () => {
    if (!props.blocked) props.onDo()
  }
  return (
    <dialog ref={ref} class={`dialog${props.wide ? ' wide' : ''}`} data-testid={props.testid} aria-label={props.title}
      onCancel={(e) => { e.preventDefault(); props.onClose() }}
      onKeyDown={(e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); act() } }}>
      <form method="dialog" onSubmit={(e) => { e.preventDefault(); act() }}>
        <header>
          <h2 class="grow">{props.title}</h2>
          <button type="button" class="btn plain small" aria-label={t('close')} onClick={props.onClose} data-testid="dialog-close">
            <Icon name="cross" />
          </button>
        </header>
        <div class="body">{props.children}</div>
        <footer>
          {props.more}
          {!props.only && <button type="button" class="btn" onClick={props.onClose} data-testid="dialog-cancel">{t('cancel')}</button>}
          <button type="submit" class={`btn ${props.look ?? 'primary'}`} disabled={props.blocked ?? false} data-testid="dialog-do">
            {props.verb}
          </button>
        </footer>
      </form>
      <Toasts modal={ref} />
    </dialog>
  )
}
