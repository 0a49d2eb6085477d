import type { Page } from '@playwright/test'
import { contrast, expect, test } from '../hub/fixture'
import type { Hub } from '../hub/hub'
import { materialMissing, pdfText, scpFile, storescu, stowCT, withRadiograph } from '../hub/inputs'
import { wang, type Person } from '../hub/people'
import { drag, fillOrder, linked, mark, pictureShown, rowOf, sameDocument, sendOrder } from '../hub/steps'

const missing = materialMissing()
test.skip(missing !== '', missing)

const findings = '双侧胸廓对称，右下肺野见斑片状密度增高影，边缘模糊。心影大小、形态未见明显异常，双侧膈面光滑，肋膈角锐利。'
const impression = '右下肺炎症，建议治疗后复查。'
const edited = '右下肺炎症可能大，建议抗感染治疗后 2 周复查。'

test('a radiograph is ordered, raced for, read, reviewed, returned, acknowledged and recognised', async ({ hub, desk }) => {
  test.setTimeout(180_000)
  const tech = await desk('tech1')
  const readers = [await desk('reader1', { expects: [/claim .*409/] }), await desk('reader2', { expects: [/claim .*409/] })]
  for (const page of readers) await mark(page)

  const accession = await test.step('the clinic enters an order', () => order(hub, tech, wang))
  await test.step('the radiograph arrives by storescu, and both lists show it without a reload', async () => {
    await withRadiograph(wang, accession, (path) => storescu(hub, 'CLINIC1', path))
    for (const page of readers) {
      await expect(rowOf(page, wang.name)).toContainText('胸部')
      await sameDocument(page)
    }
  })
  const winner = await test.step('two readers click it at once: one has it, the other hears who', () => race(hub, readers, wang))
  await test.step('the winner looks, measures, writes and submits', async () => {
    await pictureShown(winner)
    await lookAndMeasure(winner)
    await winner.getByTestId('findings').fill(findings)
    await winner.getByTestId('impression').fill(impression)
    await winner.getByTestId('positive').click()
    await expect(winner.getByTestId('saving')).toHaveAttribute('data-state', 'saved')
    await winner.keyboard.press('Control+Enter')
    await expect(winner.getByTestId('case')).toBeHidden()
  })
  const clinician = await desk('clinician1')
  await clinician.getByTestId('nav-results').click()
  await mark(clinician)
  await test.step('a second doctor edits and approves, seeing what is signed', () => approve(desk, 'reviewer1'))
  await test.step('the clinic sees the result come in, reads it, has it as PDF and acknowledges', () => takeResult(clinician))
  await test.step('the writer sees what the reviewer changed', async () => {
    await winner.getByTestId('chip-issued').click()
    await rowOf(winner, wang.name).click()
    await expect(winner.getByTestId('report-diff')).toContainText('抗感染')
  })
  await test.step('the next order for the same person and exam finds the result: recognised, nothing is ordered', async () => {
    const other = await desk('clinician2')
    await other.getByTestId('nav-orders').click()
    await fillOrder(other, wang, 'DX-CHEST')
    await expect(other.getByTestId('candidate')).toHaveAttribute('data-eligible', 'true')
    await expect(other.getByTestId('candidate')).toContainText(edited)
    await sendOrder(other, '咳嗽未愈，转来复诊')
    const dialog = other.getByTestId('decision-dialog')
    await dialog.getByTestId('decision-recognise').click()
    await dialog.getByTestId('dialog-do').click()
    await expect(other.getByTestId('toast')).toContainText('互认')
    const made = await hub.call<{ items: unknown[] }>('clinician2', 'POST', '/api/v1/orders/search', {})
    expect(made.items, 'orders of CLINIC2').toEqual([])
    await other.getByTestId('nav-recognition').click()
    await expect(other.getByTestId('figure-recognised')).toContainText('1')
    await expect(other.getByTestId('figure-saved')).toContainText(/[1-9]\d*\.\d\d/)
  })
})

test('a CT series arrives by STOW-RS and is scrolled, windowed and measured', async ({ hub, desk }) => {
  const reader = await desk('reader1')
  await mark(reader)
  const slices = await stowCT(hub, 'tech1')
  await expect(reader.getByTestId('worklist-table-row')).toHaveCount(1)
  await expect(reader.getByTestId('worklist-table-row').getByTestId('arrived')).toContainText(String(slices))
  await sameDocument(reader)
  await reader.keyboard.press('n')
  await pictureShown(reader)
  const at = reader.getByTestId('pane-index')
  await expect(at).toHaveText(/^\d+\/4$/)
  await reader.keyboard.press('Home')
  await expect(at).toHaveText('1/4')
  await reader.getByTestId('pane').hover()
  await reader.mouse.wheel(0, 100)
  await expect(at).toHaveText('2/4')
  await reader.keyboard.press('End')
  await expect(at).toHaveText('4/4')
  const windows = { 2: 'W 1500 L -600', 3: 'W 2000 L 400', 5: 'W 400 L 40' }
  for (const [key, text] of Object.entries(windows)) {
    await reader.keyboard.press(key)
    await expect(reader.getByTestId('pane-window')).toContainText(text)
  }
  await reader.getByTestId('tool-length').click()
  await drag(reader, reader.getByTestId('pane'), [0.4, 0.45], [0.6, 0.45])
  await expect(reader.getByTestId('pane').locator('svg text').first()).toContainText(/\d+(\.\d+)? mm/)
  await expect(reader.getByTestId('editor'), 'the report stands beside the picture').toBeVisible()
})

test('an SCP-ECG comes by the upload page, its critical value rings at the clinic until it is read back', async ({ desk }) => {
  test.setTimeout(180_000)
  const tech = await desk('tech1')
  const clinician = await desk('clinician1')
  const reader = await desk('reader3')
  await mark(reader)
  await countTones(tech)

  await test.step('the technician uploads the file of the cart', async () => {
    await tech.getByTestId('files-input').setInputFiles(scpFile())
    await expect(tech.getByTestId('upload-line')).toHaveAttribute('data-state', 'done')
  })
  await test.step('the reader sees it come in, on paper true to scale, and measures with the caliper', async () => {
    await expect(reader.getByTestId('worklist-table-row')).toHaveCount(1)
    await sameDocument(reader)
    await reader.keyboard.press('n')
    await expect(reader.getByTestId('ecg-scale')).toHaveText('25 mm/s · 10 mm/mV')
    expect(await contrast(reader.getByTestId('ecg-canvas'))).toBeGreaterThan(5)
    await reader.keyboard.press('s')
    await expect(reader.getByTestId('ecg-scale')).toContainText('50 mm/s')
    await reader.keyboard.press('s')
    await expect(reader.getByTestId('ecg-scale')).toContainText('12.5 mm/s')
    await reader.keyboard.press('s')
    await caliperTells(reader)
  })
  await test.step('flagged as critical, it rings at the clinic at once', async () => {
    await reader.getByTestId('critical').click()
    await reader.getByTestId('critical-E10').check()
    await reader.getByTestId('critical-text').fill('心室率约 38 次/分')
    await reader.getByTestId('dialog-do').click()
    await expect(tech.getByTestId('critical-bar')).toContainText('心室率约 38 次/分')
    await expect(clinician.getByTestId('critical-bar')).toBeVisible()
    await tech.mouse.click(2, 700) // browsers let sound out after the first touch
    await expect.poll(() => tones(tech), { message: 'tones played' }).toBeGreaterThan(2)
    await tech.getByTestId('nav-orders').click()
    await expect(tech.getByTestId('critical-bar'), 'on every page of the clinic').toBeVisible()
  })
  await test.step('pressing OK or choosing another finding does not receive it; reading back does', async () => {
    await tech.getByTestId('critical-receive').click()
    const dialog = tech.getByTestId('receive-dialog')
    await expect(dialog.getByTestId('dialog-do')).toBeDisabled()
    const wrong = dialog.locator('[data-testid^=readback-E]:not([data-testid=readback-E10])').first()
    await wrong.check()
    await dialog.getByTestId('dialog-do').click()
    await expect(dialog).toBeVisible()
    await wrong.uncheck()
    await dialog.getByTestId('readback-E10').check()
    await dialog.getByTestId('dialog-do').click()
    await expect(tech.getByTestId('critical-bar')).toBeHidden()
    await expect(clinician.getByTestId('critical-bar')).toBeHidden()
  })
  await test.step('the clinician records what was done', async () => {
    await clinician.getByTestId('todo-handle').click()
    const dialog = clinician.getByTestId('handle-dialog')
    await dialog.getByTestId('outcome-referred').click()
    await dialog.getByTestId('handling').fill('患者意识清，心电监护，已联系县医院转诊')
    await dialog.getByTestId('dialog-do').click()
    await expect(clinician.getByTestId('todo-handle')).toBeHidden()
  })
  await test.step('who may sign ECGs alone signs, and the clinic has the result', async () => {
    await reader.getByTestId('insert-measures').click()
    await expect(reader.getByTestId('findings')).toHaveValue(/QRS/)
    await reader.getByTestId('impression').fill('三度房室传导阻滞，请结合临床')
    await reader.keyboard.press('Control+Enter')
    await reader.getByTestId('sign-dialog').getByTestId('dialog-do').click()
    await clinician.getByTestId('nav-results').click()
    await clinician.getByTestId('results-table-row').click()
    await expect(clinician.getByTestId('result-impression')).toHaveText('三度房室传导阻滞，请结合临床')
  })
})

/** Enters an order and returns its accession number, which the technician reads off for the device. */
async function order(hub: Hub, page: Page, who: Person): Promise<string> {
  await fillOrder(page, who, 'DX-CHEST')
  await sendOrder(page, '发热、咳嗽 3 天')
  await expect(page.getByTestId('toast')).toBeVisible()
  const { items } = await hub.call<{ items: { accession: string }[] }>('tech1', 'POST', '/api/v1/orders/search', { text: who.name })
  expect(items).toHaveLength(1)
  const { accession } = items[0]!
  await expect(page.getByTestId('toast')).toContainText(accession)
  return accession
}

/** Both click; the loser hears the winner's name. Returns the winner's page. */
async function race(hub: Hub, readers: Page[], who: Person): Promise<Page> {
  await holdUntilAll(readers, '**/api/v1/tasks/*/claim')
  await Promise.all(readers.map((page) => rowOf(page, who.name).click()))
  const won = await Promise.all(
    readers.map(async (page) => {
      const opened = page.getByTestId('case')
      await expect(opened.or(page.getByTestId('toast')).first()).toBeVisible()
      return opened.isVisible()
    }),
  )
  expect(won.toSorted(), 'one of the two has the case').toEqual([false, true])
  const at = won.indexOf(true)
  await expect(readers[1 - at]!.getByTestId('toast')).toContainText(hub.account(['reader1', 'reader2'][at]!).name)
  return readers[at]!
}

/** Lets nobody's request through before everybody's has been made: a list cannot tell one of the other's claim. */
async function holdUntilAll(pages: Page[], url: string): Promise<void> {
  let open = () => {}
  const all = new Promise<void>((go) => (open = go))
  let waiting = 0
  for (const page of pages) {
    await page.route(url, async (route) => {
      if (++waiting === pages.length) open()
      await all
      await route.continue()
    }, { times: 1 })
  }
}

/** Window keys and a length, as every radiograph gets them. */
async function lookAndMeasure(page: Page): Promise<void> {
  const window = page.getByTestId('pane-window')
  const before = await window.textContent()
  await page.keyboard.press('3')
  await expect(window).not.toHaveText(before ?? '')
  await page.keyboard.press('1')
  await expect(window).toHaveText(before ?? '')
  await page.getByTestId('tool-length').click()
  await drag(page, page.getByTestId('pane'), [0.4, 0.4], [0.6, 0.4])
  await expect(page.getByTestId('pane').locator('svg text').first()).toContainText(/\d/)
}

/** The caliper reads 25 mm of paper as 1000 ms. */
async function caliperTells(page: Page): Promise<void> {
  const canvas = page.getByTestId('ecg-canvas')
  const pxPerMm = Number(await canvas.getAttribute('data-px-per-mm'))
  const box = (await canvas.boundingBox())!
  const y = box.y + box.height / 3
  await page.mouse.move(box.x + 100, y)
  await page.mouse.down()
  await page.mouse.move(box.x + 100 + 25 * pxPerMm, y, { steps: 3 })
  await page.mouse.up()
  const text = (await page.getByTestId('caliper-reading').textContent()) ?? ''
  expect(Math.abs(Number(/(\d+) ms/.exec(text)?.[1]) - 1000), text).toBeLessThanOrEqual(10)
}

/** Counts every tone a page plays from now on. */
async function countTones(page: Page): Promise<void> {
  await page.evaluate(() => {
    const start = OscillatorNode.prototype.start
    OscillatorNode.prototype.start = function (when) {
      const { dataset } = document.documentElement
      dataset['tones'] = String(Number(dataset['tones'] ?? 0) + 1)
      start.call(this, when)
    }
  })
}

async function tones(page: Page): Promise<number> {
  return Number((await page.locator('html').getAttribute('data-tones')) ?? 0)
}

async function approve(desk: (login: string) => Promise<Page>, login: string): Promise<void> {
  const page = await desk(login)
  await page.getByTestId('chip-review').click()
  await rowOf(page, wang.name).click()
  await pictureShown(page)
  await expect(page.getByTestId('impression')).toHaveValue(impression)
  await page.getByTestId('impression').fill(edited)
  await page.keyboard.press('Control+Enter')
  const dialog = page.getByTestId('sign-dialog')
  await expect(dialog.getByTestId('sign-impression')).toHaveText(edited)
  await expect(dialog).toContainText(wang.name)
  await dialog.getByTestId('dialog-do').click()
  await expect(page.getByTestId('case')).toBeHidden()
}

async function takeResult(page: Page): Promise<void> {
  const row = page.getByTestId('results-table-row').filter({ hasText: wang.name })
  await expect(row).toBeVisible()
  await sameDocument(page)
  await row.click()
  await expect(page.getByTestId('result-impression')).toHaveText(edited)
  const text = (await pdfText(await linked(page, page.getByTestId('open-pdf')))).replace(/\s/g, '')
  for (const part of [wang.name, findings, edited, '徐国栋', '远程诊断']) expect(text, 'text of the PDF').toContain(part.replace(/\s/g, ''))
  await page.getByTestId('acknowledge').click()
  await expect(page.getByTestId('state-mark').first()).toHaveAttribute('data-state', 'acknowledged')
}
