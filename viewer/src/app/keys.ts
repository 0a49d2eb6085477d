import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

/** One key of a page: what it does is shown in the help on "?". */
export interface Key {
  /** "n", "1", "Escape", "Ctrl+Enter", "Shift+R"; letters are not case sensitive. */
  on: string
  says: string
  do(e: KeyboardEvent): void
  /** Also while typing in a field. */
  typing?: boolean
  /** Kept out of the help: a second name of the same thing. */
  hidden?: boolean
}

export interface KeyGroup {
  title: string
  keys: readonly Key[]
}

/** The groups in force, the newest last; the help lists them. */
export const groups = signal<readonly { current: KeyGroup }[]>([])
/** Whether the keyboard help is open. */
export const helpOpen = signal(false)

/** Puts a page's keys in force while it is shown. */
export function useKeys(group: KeyGroup): void {
  const ref = useRef(group)
  ref.current = group
  useEffect(() => {
    groups.value = [...groups.peek(), ref]
    return () => {
      groups.value = groups.peek().filter((g) => g !== ref)
    }
  }, [])
}

/** The name of a pressed key as Key.on writes it. */
export function nameOf(e: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>): string {
  const letter = e.key.length === 1 && e.key.toLowerCase() !== e.key.toUpperCase()
  const plain = letter ? e.key.toLowerCase() : e.key
  const mods = [e.ctrlKey || e.metaKey ? 'Ctrl' : '', e.altKey ? 'Alt' : '', e.shiftKey && (letter || e.key.length > 1) ? 'Shift' : '']
  return [...mods, plain].filter(Boolean).join('+')
}

function same(on: string, name: string): boolean {
  return on.toLowerCase() === name.toLowerCase()
}

/** Whether the user is typing text, so that single keys belong to the field. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable) return true
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'submit', 'range'].includes(target.type)
}

/** Hands a key press to the newest group that knows it. */
export function pressKey(e: KeyboardEvent): void {
  if (e.defaultPrevented || e.isComposing) return
  if (document.querySelector('dialog[open]')) return
  const typing = isTyping(e.target)
  const name = nameOf(e)
  if (!typing && e.key === '?') {
    e.preventDefault()
    helpOpen.value = true
    return
  }
  for (const group of [...groups.peek()].reverse()) {
    const key = group.current.keys.find((k) => same(k.on, name) && (!typing || k.typing))
    if (!key) continue
    // A button that has the focus keeps its own Enter and Space.
    if ((name === 'Enter' || name === ' ') && e.target instanceof HTMLButtonElement) return
    e.preventDefault()
    key.do(e)
    return
  }
}
