import type { Page } from '@playwright/test'
import { addressOf, expect, test } from '../hub/fixture'
import { beatingECG, sendECG } from '../hub/trace'

/** What a reader does to a tracing that is on the screen; each is one redraw. */
const actions = ['speed', 'gain', 'layout', 'filter', 'scroll', 'caliper', 'caliper over marks'] as const
const turns = 24

/** ms from the event to the end of the frame that shows it, sorted. */
async function redraws(page: Page, action: (typeof actions)[number]): Promise<number[]> {
  return page.evaluate(async ([what, n]) => {
    const canvas = document.querySelector<HTMLElement>('[data-testid=ecg-canvas]')!
    const box = canvas.getBoundingClientRect()
    const key = (k: string) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: k, bubbles: true, cancelable: true }))
    const pointer = (type: string, x: number, y: number) =>
      canvas.dispatchEvent(new PointerEvent(type, { clientX: x, clientY: y, pointerId: 1, isPrimary: true, button: 0, buttons: type === 'pointerup' ? 0 : 1, bubbles: true }))
    /** A task after the next frame: the frame's own work is done by then. */
    const shown = () => new Promise<void>((done) => {
      requestAnimationFrame(() => {
        const after = new MessageChannel()
        after.port1.onmessage = () => done()
        after.port2.postMessage(0)
      })
    })
    const act = (i: number) => {
      if (what === 'speed') key('s')
      else if (what === 'gain') key(i % 2 ? '=' : '-')
      else if (what === 'layout') key(String((i % 5) + 1))
      else if (what === 'filter') key('f')
      else if (what === 'scroll') key(i % 2 ? 'ArrowRight' : 'ArrowLeft')
      else pointer('pointermove', box.left + 200 + (i % 40) * 5, box.top + 120 + (i % 7) * 9)
    }
    if (what === 'scroll') key('s')
    if (what === 'caliper over marks') key('b')
    if (what.startsWith('caliper')) pointer('pointerdown', box.left + 150, box.top + 100)
    const times: number[] = []
    // The first rounds warm up and fill what is kept between redraws.
    for (let i = 0; i < n + 6; i++) {
      await shown()
      const from = performance.now()
      act(i)
      await shown()
      if (i >= 6) times.push(performance.now() - from)
    }
    if (what.startsWith('caliper')) pointer('pointerup', box.left + 300, box.top + 150)
    key('Delete')
    if (what === 'scroll') { key('s'); key('s') }
    if (what === 'caliper over marks') key('b')
    await shown()
    return times.sort((a, b) => a - b)
  }, [action, turns] as const)
}

for (const rateHz of [500, 1000]) {
  test(`redraws of a 12-lead ECG of 10 s at ${rateHz} Hz`, async ({ hub, desk }) => {
    const { task } = await sendECG(hub, 'tech1', beatingECG(rateHz))
    await hub.call('reader1', 'POST', `/api/v1/tasks/${task}/claim`, {})
    const page = await desk('reader1')
    await page.goto(addressOf(hub, `/case/${task}`))
    await expect(page.getByTestId('ecg-canvas')).toBeVisible()
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('Performance.enable', { timeDomain: 'threadTicks' })
    const busy = async () => {
      const { metrics } = await cdp.send('Performance.getMetrics')
      return metrics.find((m) => m.name === 'TaskDuration')!.value * 1000
    }
    for (const slower of [1, 4]) {
      await cdp.send('Emulation.setCPUThrottlingRate', { rate: slower })
      const line: string[] = []
      for (const action of actions) {
        const before = await busy()
        const times = await redraws(page, action)
        const cpu = ((await busy()) - before) / (turns + 6)
        line.push(`  ${action.padEnd(20)} ${[times[0]!, times[times.length >> 1]!, cpu].map((ms) => ms.toFixed(1).padStart(7)).join('')}`)
      }
      console.log(`${rateHz} Hz, ${slower === 1 ? 'this machine' : `CPU ${slower} times slower`}; ms: least, median, processor time of the page\n${line.join('\n')}`)
    }
  })
}
