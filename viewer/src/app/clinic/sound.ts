import { signal } from '@preact/signals'

/** Whether the browser still waits for a click before it lets sound out. */
export const silent = signal(false)

const everyMs = 4000
let context: AudioContext | null = null
let timer: ReturnType<typeof setInterval> | undefined

/** Rings until stopped: three rising tones every few seconds. */
export function ring(): void {
  if (timer !== undefined) return
  chime()
  timer = setInterval(chime, everyMs)
  addEventListener('pointerdown', wake, { capture: true })
  addEventListener('keydown', wake, { capture: true })
}

export function stopRinging(): void {
  clearInterval(timer)
  timer = undefined
  silent.value = false
  removeEventListener('pointerdown', wake, { capture: true })
  removeEventListener('keydown', wake, { capture: true })
}

/** Lets sound out after the first touch, and rings at once. */
export function wake(): void {
  context ??= new AudioContext()
  if (context.state === 'running') return
  void context.resume().then(() => {
    silent.value = false
    if (timer !== undefined) chime()
  })
}

function chime(): void {
  context ??= new AudioContext()
  silent.value = context.state !== 'running'
  if (silent.value) return
  const from = context.currentTime
  for (const [i, hz] of [660, 880, 1100].entries()) {
    const tone = context.createOscillator()
    const loud = context.createGain()
    tone.frequency.value = hz
    loud.gain.setValueAtTime(0, from + i * 0.22)
    loud.gain.linearRampToValueAtTime(0.4, from + i * 0.22 + 0.02)
    loud.gain.linearRampToValueAtTime(0, from + i * 0.22 + 0.2)
    tone.connect(loud).connect(context.destination)
    tone.start(from + i * 0.22)
    tone.stop(from + i * 0.22 + 0.22)
  }
}
