import { effect, signal } from '@preact/signals'
import { account } from '../load/session'
import type { Role } from '../load/types'

export type Theme = 'light' | 'dark'

const kept = 'yz.theme'
const darkRooms: readonly Role[] = ['reader', 'reviewer', 'expert']

function own(): Theme | null {
  try {
    const v = localStorage.getItem(kept)
    return v === 'dark' || v === 'light' ? v : null
  } catch {
    return null
  }
}

const chosen = signal<Theme | null>(own())

/** The theme in use: the user's choice, else the one of the room. */
export const theme = signal<Theme>('light')

effect(() => {
  const reading = account.value?.roles.some((r) => darkRooms.includes(r)) ?? false
  theme.value = chosen.value ?? (reading ? 'dark' : 'light')
  document.documentElement.dataset['theme'] = theme.value
})

/** Switches between dark and light and keeps the choice on this computer. */
export function switchTheme(): void {
  chosen.value = theme.peek() === 'dark' ? 'light' : 'dark'
  try {
    localStorage.setItem(kept, chosen.value)
  } catch {
    // The choice then lasts as long as the page.
  }
}
