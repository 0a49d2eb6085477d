import type { Page } from '@playwright/test'
import { addressOf, expect, test } from '../hub/fixture'
import { judge, picture } from '../hub/screens'
import { bytesOf, gridOf, sendSteps, step } from '../hub/trace'

/** The sheet's geometry in mm: where the traces begin, the middle of row II of twelve. */
const sheet = { left: 14, rowII: 5 + 1.5 * 15 }

/** Drags the caliper between two points of the paper, in mm. */
async function drag(page: Page, from: readonly [number, number], to: readonly [number, number]): Promise<void> {
  const canvas = page.getByTestId('ecg-canvas')
  const k = Number(await canvas.getAttribute('data-px-per-mm'))
  const box = (await canvas.boundingBox())!
  await page.mouse.move(box.x + from[0] * k, box.y + from[1] * k)
  await page.mouse.down()
  await page.mouse.move(box.x + to[0] * k, box.y + to[1] * k, { steps: 4 })
  await page.mouse.up()
}

/** What the caliper says: ms and mV. */
async function reading(page: Page): Promise<{ ms: number; mv: number }> {
  const text = (await page.getByTestId('caliper-reading').textContent()) ?? ''
  return { ms: Number(/(\d+) ms/.exec(text)?.[1]), mv: Number(/(-?[\d.]+) mV/.exec(text)?.[1]) }
}

test('callipers, layouts and filters of an ECG with known intervals', async ({ hub, desk }) => {
  const { task } = await sendSteps(hub, 'tech1')
  await hub.call('reader1', 'POST', `/api/v1/tasks/${task}/claim`, {})
  const reader = await desk('reader1')
  await reader.goto(`${addressOf(hub)}/case/${task}`)
  await expect(reader.getByTestId('ecg-canvas')).toBeVisible()

  await test.step('the caliper tells 800 ms and 1 mV to the millisecond and 10 µV', async () => {
    await reader.keyboard.press('1')
    const at = (s: number) => sheet.left + s * 25
    await drag(reader, [at(step.from), sheet.rowII], [at(step.to), sheet.rowII - 10])
    const first = await reading(reader)
    expect(Math.abs(first.ms - 800), `${first.ms} ms`).toBeLessThanOrEqual(1)
    expect(Math.abs(first.mv - 1), `${first.mv} mV`).toBeLessThanOrEqual(0.011)
    await reader.keyboard.press('Shift+ArrowRight')
    await reader.keyboard.press('ArrowLeft')
    await reader.keyboard.press('ArrowDown')
    const moved = await reading(reader)
    expect([moved.ms - first.ms, Math.round((moved.mv - first.mv) * 100)]).toEqual([9, -1])
    await reader.keyboard.press('Delete')
    expect((await reading(reader)).ms).toBeNaN()
  })

  await test.step('every layout is shown, by key, and judged', async () => {
    for (const [i, layout] of ['12x1', '6x2', '3x4', '3x4+1R', '3x4+3R'].entries()) {
      await reader.keyboard.press(String(i + 1))
      await expect(reader.getByTestId('layout-pick')).toHaveValue(layout)
      await judge(reader, `ecg ${layout}`)
    }
    await reader.keyboard.press('o')
    await reader.getByTestId('ecg-more').click()
    await expect(reader.getByTestId('cabrera')).toBeChecked()
    await reader.getByTestId('chest-gain-pick').selectOption('5')
    await expect(reader.getByTestId('ecg-scale')).toHaveText('25 mm/s · 10 mm/mV (V 5)')
    await reader.getByTestId('case-head').click()
  })

  await test.step('only what changes is drawn again', async () => {
    const draws = async () => {
      const [grid, traces] = await Promise.all(['ecg-grid', 'ecg-canvas'].map((id) => reader.getByTestId(id).getAttribute('data-draws')))
      return { grid: Number(grid), traces: Number(traces) }
    }
    const more = async (act: () => Promise<void>) => {
      const before = await draws()
      await act()
      const after = await draws()
      return { grid: after.grid - before.grid, traces: after.traces - before.traces }
    }
    expect(await more(() => drag(reader, [60, 40], [90, 30])), 'the caliper').toEqual({ grid: 0, traces: 0 })
    expect(await more(() => reader.keyboard.press('Shift+ArrowRight')), 'the caliper by key').toEqual({ grid: 0, traces: 0 })
    expect(await more(() => reader.keyboard.press('m')), 'marching').toEqual({ grid: 0, traces: 0 })
    expect(await more(() => reader.keyboard.press('s')), 'speed').toEqual({ grid: 0, traces: 1 })
    expect(await more(() => reader.keyboard.press('-')), 'gain').toEqual({ grid: 0, traces: 1 })
    expect(await more(() => reader.keyboard.press('f')), 'filter').toEqual({ grid: 0, traces: 1 })
    await reader.keyboard.press('Delete')
    expect(await more(() => reader.keyboard.press('ArrowRight')), 'a step in time').toEqual({ grid: 0, traces: 1 })
    expect(await more(() => reader.keyboard.press('1')), 'layout').toEqual({ grid: 1, traces: 1 })
    for (const key of ['f', 'f', 's', 's', '=', 'm']) await reader.keyboard.press(key)
  })

  await test.step('filters are named on the screen', async () => {
    await reader.keyboard.press('f')
    await expect(reader.getByTestId('ecg-filter')).toHaveText('滤波 0.05–40 Hz')
    await reader.getByTestId('low-pass-pick').selectOption('0')
    await reader.getByTestId('high-pass-pick').selectOption('0')
    await expect(reader.getByTestId('ecg-filter')).toHaveText('滤波：无（原始）')
  })
})

test('a printed ECG measures what it says: by the browser and as PDF', async ({ hub, desk, browser }) => {
  const { id } = await sendSteps(hub, 'tech1')
  const page = await desk('tech1')
  const svg = (await bytesOf(hub, 'tech1', `/api/v1/recordings/${id}/ecg.svg`)).toString('utf8')
  const context = await browser.newContext()
  const sheetPage = await context.newPage()
  await sheetPage.setContent(`<!doctype html><style>@page{size:297mm 210mm;margin:0}html,body{margin:0}svg{display:block}</style>${svg.replace(/^<\?xml[^>]*\?>/, '')}`)
  const printed = await sheetPage.pdf({ preferCSSPageSize: true, printBackground: true })
  await context.close()
  const pdf = await bytesOf(hub, 'tech1', `/api/v1/recordings/${id}/ecg.pdf`)
  for (const [name, bytes] of [['the browser', printed], ['the PDF', pdf]] as const) {
    const grid = await gridOf(bytes)
    expect(grid.page[0], `${name}: width of the page`).toBeCloseTo(297, 0)
    expect(grid.across, `${name}: ten squares across`).toBeCloseTo(50, 1)
    expect(grid.down, `${name}: two squares down`).toBeCloseTo(10, 1)
  }
  await expect(page.getByTestId('nav')).toBeVisible()
})

test.describe('on a real tracing', () => {
  test.use({ empty: false })

  test('the QT tool keeps what the reader measured beside the machines', async ({ hub, desk }) => {
    test.setTimeout(180_000)
    await expect.poll(() => hub.log.includes('everything is sent'), { timeout: 90_000 }).toBe(true)
    const { items } = await hub.call<{ items: { id: string; recording: string }[] }>('reader1', 'GET', '/api/v1/tasks?kind=ecg')
    const task = items[0]!
    await hub.call('reader1', 'POST', `/api/v1/tasks/${task.id}/claim`, {})
    const reader = await desk('reader1')
    await reader.goto(`${addressOf(hub)}/case/${task.id}`)
    await expect(reader.getByTestId('ecg-canvas')).toBeVisible()
    await reader.keyboard.press('b')
    await reader.keyboard.press('q')
    const qt = reader.getByTestId('own-qt').locator('b')
    const before = Number(await qt.textContent())
    await reader.keyboard.press('5')
    await reader.keyboard.press('Shift+ArrowRight')
    await reader.keyboard.press('ArrowRight')
    await expect(qt).toHaveText(String(before + 11))
    await picture(reader, 'reading-ecg-medians')
    await reader.getByTestId('save-bounds').click()
    await expect(reader.getByTestId('toast')).toContainText('已保存')
    const kept = await hub.call<{ measurements: { reader: { qt_ms: number }; hub: { qt_ms: number } } }>('tech1', 'GET', `/api/v1/recordings/${task.recording}`)
    expect(kept.measurements.reader.qt_ms).toBe(before + 11)
    expect(kept.measurements.hub.qt_ms).toBe(before)
  })
})
