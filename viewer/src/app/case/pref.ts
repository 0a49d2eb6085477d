import { signal } from '@preact/signals'

const kept = 'yz.autonext'

function read(): boolean {
  try {
    return localStorage.getItem(kept) !== 'off'
  } catch {
    return true
  }
}

/** Whether the next case opens by itself when one is finished. */
export const autoNext = signal(read())

export function setAutoNext(on: boolean): void {
  autoNext.value = on
  try {
    localStorage.setItem(kept, on ? 'on' : 'off')
  } catch {
    // The choice then lasts as long as the page.
  }
}
